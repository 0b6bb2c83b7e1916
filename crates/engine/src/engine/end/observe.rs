//! The event port. Events from agents and watches enter here, and change the record's phase. All calls that
//! wait for the container are notified.

use std::sync::Arc;

use agent_protocol::Event as AgentEvent;
use agent_protocol::exit_code::KILLED;

use crate::container::Container;
use crate::engine::span::is_about;
use crate::engine::{Engine, Live};
use crate::error::Result;
use crate::failure::End;
use crate::life::{Reported, Transition};
use crate::ports::{AgentId, Event, PodSeen, PodState};

impl Engine {
    /// Handles an event. Returns when the event is on the record, so that an agent is answered only then.
    ///
    /// # Errors
    /// Returns the API server's error if its container cannot be read, or if an agent's report cannot be
    /// recorded. The agent must then report it again.
    pub async fn observe(&self, event: Event) -> Result<()> {
        match event {
            Event::Record(record) => {
                if let Some(live) = self.0.index.adopt(*record) {
                    self.remove_if_asked(&live);
                    self.guard(&live);
                    self.inherit_news(&live);
                }
            }
            Event::RecordGone(name, uid) => self.0.index.forget(&name, &uid),
            Event::Agent(agent, event) => {
                if let Some(live) = self.live_of(&agent).await? {
                    self.agent_spoke(&live, agent.start, event).await?;
                }
            }
            Event::Pod(pod) => {
                if let Some(live) = self.live_of(&pod.agent).await? {
                    self.pod_seen(&live, pod).await;
                }
            }
            Event::PodGone(pod) => {
                if let Some(live) = self.live_of(&pod.agent).await? {
                    let (code, end) = match pod.state {
                        PodState::Ended { code, end } => (code, end),
                        _ => (KILLED, pod.ending.unwrap_or(End::Deleted)),
                    };
                    self.pod_ended(&live, pod.agent.start, code, end).await;
                }
            }
        }
        Ok(())
    }

    /// Returns the container that an agent belongs to, if it is still there.
    pub(in crate::engine) async fn live_of(&self, agent: &AgentId) -> Result<Option<Arc<Live>>> {
        // An agent proves its uid and not the name beside it, so no other record may be taken in for it.
        let live = self
            .find_if(&agent.record, |record| record.uid == agent.uid)
            .await?;
        Ok(live.inspect(|live| is_about(&live.record().container)))
    }

    async fn agent_spoke(&self, live: &Arc<Live>, start: u32, event: AgentEvent) -> Result<()> {
        let container = live.record().container;
        if let Some(transition) = reported(live, &container, start).by_agent(event) {
            self.insist(live, transition).await?;
        }
        self.end_lingering(live, start);
        Ok(())
    }

    async fn pod_seen(&self, live: &Arc<Live>, seen: PodSeen) {
        let start = seen.agent.start;
        if let Some(end) = seen.ending {
            live.set_ending(start, end);
            self.explain(live, start).await;
        }
        match seen.state {
            PodState::Running if !live.record().container.needs_agent() => {
                self.enact(live, Transition::Began { start }).await;
            }
            // The agent is running then. Only the agent reports whether the program is.
            PodState::Pending | PodState::Running => {
                live.set_stuck(start, None);
                self.end_lingering(live, start);
            }
            PodState::Stuck(cause) => live.set_stuck(start, Some(cause)),
            PodState::NoAgent(reason) => self.repeat_start(live, start, &seen.pod, reason).await,
            PodState::Ended { code, end } => self.pod_ended(live, start, code, end).await,
        }
    }

    /// Records the end of a Pod that the kubelet reports.
    async fn pod_ended(&self, live: &Arc<Live>, start: u32, code: i64, end: End) {
        let container = live.record().container;
        let ended = reported(live, &container, start).by_kubelet(code, end);
        self.enact(live, ended).await;
        live.set_pod_ended(start);
    }

    /// Adds the reason to the end of the `start`-th start if the program was ended from outside and reported
    /// its end before the reason was known.
    async fn explain(&self, live: &Arc<Live>, start: u32) {
        if let Some(end) = live.ending(start).filter(|_| !live.is_told_to_end(start)) {
            self.enact(live, Transition::Explained { start, end }).await;
        }
    }
}

fn reported<'a>(live: &Live, container: &'a Container, start: u32) -> Reported<'a> {
    Reported {
        container,
        start,
        asked: live.is_told_to_end(start),
        ending: live.ending(start),
    }
}
