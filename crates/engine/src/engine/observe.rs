//! The event port: what agents and watches saw enters here, whoever saw it
//! first, and becomes the record's next phase. Everybody who waits hears it.

use std::sync::Arc;

use agent_protocol::Event as AgentEvent;
use jiff::Timestamp;

use super::span::is_about;
use super::{Engine, Live};
use crate::container::Exit;
use crate::failure::Cause;
use crate::phase::Phase;
use crate::ports::{AgentId, Event, News, PodSeen, PodState};

/// The exit code of what was killed from outside: 128 + SIGKILL.
const KILLED: i64 = 137;

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
                    let exit = Exit::now(KILLED, false, format!("pod {} was deleted", pod.pod));
                    self.pod_ended(&live, pod.agent.start, exit).await;
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

    async fn agent_spoke(&self, live: &Arc<Live>, start: u32, event: AgentEvent) {
        match event {
            AgentEvent::Started => self.started(live, start).await,
            AgentEvent::Failed { message, exit_code } => {
                let cause = Cause::Command {
                    message,
                    code: exit_code,
                };
                self.fail_start(live, start, cause).await;
            }
            AgentEvent::Exited {
                exit_code,
                oom_killed,
            } => {
                let exit = Exit::now(exit_code, oom_killed, String::new());
                // The program ran, even where the word that it started was overtaken.
                self.exited(live, start, exit, true).await;
            }
        }
    }

    async fn started(&self, live: &Live, start: u32) {
        let started = self
            .record_fact(live, |container| {
                (container.phase == Phase::Starting && container.starts == start).then(|| {
                    container.phase = Phase::Running;
                    container.started_at = Some(Timestamp::now());
                    self.start_is_over(live, container);
                })
            })
            .await;
        if started.is_some() {
            let record = live.record();
            self.announce(&record, News::started(&record));
        }
    }

    async fn pod_seen(&self, live: &Arc<Live>, seen: PodSeen) {
        let start = seen.agent.start;
        match seen.state {
            PodState::Running if !live.record().container.needs_agent() => self.started(live, start).await,
            // The agent is what runs then; whether the program does is the agent's word.
            PodState::Pending | PodState::Running => live.set_stuck(start, None),
            PodState::Stuck(cause) => live.set_stuck(start, Some(cause)),
            PodState::NoAgent(reason) => self.repeat_start(live, start, &seen.pod, reason).await,
            PodState::Ended {
                code,
                oom_killed,
                message,
            } => {
                let exit = Exit::now(code, oom_killed, message);
                self.pod_ended(live, start, exit).await;
            }
        }
    }

    /// The kubelet's word of an end.
    async fn pod_ended(&self, live: &Arc<Live>, start: u32, exit: Exit) {
        let container = live.record().container;
        let never_ran = container.phase == Phase::Starting && container.starts == start;
        if never_ran && container.needs_agent() {
            let cause = Cause::PodEnded {
                code: exit.code,
                message: exit.error,
            };
            self.fail_start(live, start, cause).await;
        } else {
            self.exited(live, start, exit, !container.needs_agent()).await;
        }
        live.set_pod_ended(start);
    }

    /// Ends the `start`-th start if it is live; the first word of an end counts.
    async fn exited(&self, live: &Arc<Live>, start: u32, exit: Exit, has_run: bool) {
        let ended = self
            .record_fact(live, |container| {
                (container.phase.is_live() && container.starts == start).then(|| {
                    if has_run {
                        container.started_at.get_or_insert_with(Timestamp::now);
                    }
                    self.start_is_over(live, container);
                    container.phase = Phase::Exited;
                    container.exit = Some(exit.clone());
                })
            })
            .await;
        if ended.is_some() {
            let record = live.record();
            let asked = live.seen().told_to_end >= start;
            self.announce(&record, News::exited(&record, &exit, asked));
            self.keep_last_lines(live, start);
        }
    }
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
