//! The event port: what agents and watches saw enters here, whoever saw it
//! first, and becomes the record's next phase. Everybody who waits hears it.

use std::sync::Arc;

use agent_protocol::Event as AgentEvent;
use jiff::Timestamp;

use super::span::is_about;
use super::{Engine, Live};
use crate::container::{Container, Exit};
use crate::phase::Phase;
use crate::ports::{AgentId, Event, PodSeen, PodState};

impl Engine {
    /// Takes in an event. Returns when it is on the record: an agent is answered only then.
    pub async fn observe(&self, event: Event) {
        match event {
            Event::Record(record) => {
                let live = self.0.index.adopt(*record);
                self.remove_if_asked(&live);
                self.guard(&live);
            }
            Event::RecordGone(name, uid) => self.0.index.forget(&name, &uid),
            Event::Agent(agent, event) => {
                if let Some(live) = self.live_of(&agent).await {
                    self.agent_spoke(&live, agent.start, event).await;
                }
            }
            Event::Pod(pod) => {
                if let Some(live) = self.live_of(&pod.agent).await {
                    self.pod_seen(&live, pod).await;
                }
            }
            Event::PodGone(pod) => {
                if let Some(live) = self.live_of(&pod.agent).await {
                    self.exited(
                        &live,
                        pod.agent.start,
                        137,
                        false,
                        format!("pod {} was deleted", pod.pod),
                    )
                    .await;
                    live.set_pod_ended(pod.agent.start);
                }
            }
        }
    }

    /// The container that an agent belongs to, if it is still there.
    pub(super) async fn live_of(&self, agent: &AgentId) -> Option<Arc<Live>> {
        match self.find_name(&agent.record).await {
            Ok(live) => live
                .filter(|live| live.record().uid == agent.uid)
                .inspect(|live| is_about(&live.record().container)),
            Err(error) => {
                tracing::warn!(record = %agent.record, %error, "cannot read the record of an event");
                None
            }
        }
    }

    async fn agent_spoke(&self, live: &Live, start: u32, event: AgentEvent) {
        match event {
            AgentEvent::Started => {
                self.record_fact(live, |container| {
                    (container.phase == Phase::Starting && container.starts == start).then(|| {
                        container.phase = Phase::Running;
                        container.started_at = Some(Timestamp::now());
                        self.start_is_over(live, container);
                    })
                })
                .await;
            }
            AgentEvent::Failed { message, exit_code } => {
                self.fail_start(live, start, message, exit_code).await;
            }
            AgentEvent::Exited {
                exit_code,
                oom_killed,
            } => {
                self.record_fact(live, |container| {
                    // The program ran, even where the word that it started was overtaken.
                    container.started_at.get_or_insert_with(Timestamp::now);
                    self.start_is_over(live, container);
                    exit(container, start, exit_code, oom_killed, "")
                })
                .await;
            }
        }
    }

    async fn pod_seen(&self, live: &Live, seen: PodSeen) {
        let start = seen.agent.start;
        match seen.state {
            // The agent is what runs then; whether the program does is the agent's word.
            PodState::Pending | PodState::Running => {}
            PodState::Stuck(reason) => {
                let message = format!("pod {} cannot run: {reason}", seen.pod);
                self.fail_start(live, start, message, 128).await;
            }
            PodState::NoAgent(reason) => {
                let message = format!("pod {} cannot run: {reason}", seen.pod);
                self.repeat_start(live, start, &seen.pod, message).await;
            }
            PodState::Ended {
                code,
                oom_killed,
                message,
            } => {
                let container = live.record().container;
                if container.phase == Phase::Starting && container.starts == start {
                    let message = format!(
                        "pod {} ended with {code} before its program started: {message}",
                        seen.pod
                    );
                    self.fail_start(live, start, message, 128).await;
                } else {
                    self.exited(live, start, code, oom_killed, message).await;
                }
                live.set_pod_ended(start);
            }
        }
    }

    async fn exited(&self, live: &Live, start: u32, code: i64, oom_killed: bool, error: String) {
        self.record_fact(live, |container| exit(container, start, code, oom_killed, &error))
            .await;
    }
}

/// Ends the `start`-th start if it is live; the first word of an end counts.
fn exit(container: &mut Container, start: u32, code: i64, oom_killed: bool, error: &str) -> Option<()> {
    (container.phase.is_live() && container.starts == start).then(|| {
        container.phase = Phase::Exited;
        container.exit = Some(Exit::now(code, oom_killed, error.to_owned()));
    })
}

impl Exit {
    /// An exit that is heard of now.
    pub(super) fn now(code: i64, oom_killed: bool, error: String) -> Self {
        Self {
            code,
            oom_killed,
            error,
            finished_at: Timestamp::now(),
        }
    }
}
