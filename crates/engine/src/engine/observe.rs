//! The event port: what agents and watches saw enters here, whoever saw it
//! first, and becomes the record's next phase. Everybody who waits hears it.

use std::sync::Arc;

use agent_protocol::Event as AgentEvent;
use jiff::Timestamp;

use super::span::is_about;
use super::{Engine, Live};
use crate::failure::{Cause, End};
use crate::phase::Phase;
use crate::ports::{AgentId, Event, News, PodSeen, PodState};

/// The exit codes of what was ended from outside: 128 + SIGTERM, and SIGKILL.
const ENDED: [i64; 2] = [143, KILLED];
/// 128 + SIGKILL.
const KILLED: i64 = 137;
/// The agent's exit code where the program was not even tried.
const NO_FILES: i64 = 125;

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
                    let (code, end) = match pod.state {
                        PodState::Ended { code, end } => (code, end),
                        _ => (KILLED, pod.ending.unwrap_or(End::Deleted)),
                    };
                    self.pod_ended(&live, pod.agent.start, code, end).await;
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
                let cause = match exit_code {
                    NO_FILES => Cause::Files(message),
                    code => Cause::Command { message, code },
                };
                self.fail_start(live, start, cause).await;
            }
            AgentEvent::Exited {
                exit_code,
                oom_killed,
            } => {
                let end = if oom_killed {
                    End::OutOfMemory
                } else {
                    live.ending(start)
                };
                // The program ran, even where the word that it started was overtaken.
                self.exited(live, start, exit_code, end, true).await;
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
        if let Some(end) = seen.ending {
            live.set_ending(start, end);
            self.explain(live, start).await;
        }
        match seen.state {
            PodState::Running if !live.record().container.needs_agent() => self.started(live, start).await,
            // The agent is what runs then; whether the program does is the agent's word.
            PodState::Pending | PodState::Running => live.set_stuck(start, None),
            PodState::Stuck(cause) => live.set_stuck(start, Some(cause)),
            PodState::NoAgent(reason) => self.repeat_start(live, start, &seen.pod, reason).await,
            PodState::Ended { code, end } => self.pod_ended(live, start, code, end).await,
        }
    }

    /// The kubelet's word of an end.
    async fn pod_ended(&self, live: &Arc<Live>, start: u32, code: i64, end: End) {
        let container = live.record().container;
        let never_ran = container.phase == Phase::Starting && container.starts == start;
        if never_ran && container.needs_agent() {
            let cause = match end {
                // The agent's own words: it could not say them to us.
                End::PodFailed(words) if code == NO_FILES => Cause::Files(words),
                end => Cause::PodEnded { code, end },
            };
            self.fail_start(live, start, cause).await;
        } else {
            let end = match end {
                End::Itself if container.needs_agent() => End::AgentLost,
                end => end,
            };
            self.exited(live, start, code, end, !container.needs_agent())
                .await;
        }
        live.set_pod_ended(start);
    }

    /// Ends the `start`-th start if it is live; the first word of an end counts.
    async fn exited(&self, live: &Arc<Live>, start: u32, code: i64, end: End, has_run: bool) {
        let asked = live.is_told_to_end(start);
        // Who asks for an end ends the Pod too.
        let end = if asked { End::Itself } else { end };
        let pod = live.record().pod_name();
        let ended = self
            .record_fact(live, |container| {
                (container.phase.is_live() && container.starts == start).then(|| {
                    if has_run {
                        container.started_at.get_or_insert_with(Timestamp::now);
                    }
                    self.start_is_over(live, container);
                    container.phase = Phase::Exited;
                    container.exit = Some(end.exit(container, &pod, code));
                })
            })
            .await;
        if ended.is_some() {
            self.announce(&live.record(), News::ended(&live.record(), &end, asked));
            self.keep_last_lines(live, start);
        }
    }

    /// The program of the `start`-th start was ended from outside, and said so before it was known why.
    async fn explain(&self, live: &Live, start: u32) {
        let (end, pod) = (live.ending(start), live.record().pod_name());
        if live.is_told_to_end(start) {
            return;
        }
        let explained = self
            .record_fact(live, |container| {
                let is_current = container.starts == start && container.phase == Phase::Exited;
                let sentence = end.sentence(container, &pod, container.exit.as_ref()?.code);
                let exit = container
                    .exit
                    .as_mut()
                    .filter(|exit| is_current && exit.error.is_empty() && ENDED.contains(&exit.code))?;
                exit.error = sentence;
                Some(())
            })
            .await;
        if explained.is_some() {
            self.announce(&live.record(), News::ended(&live.record(), &end, false));
        }
    }
}
