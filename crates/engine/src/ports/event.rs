//! The events that watches and agents report to the engine.

use crate::container::Record;
use crate::failure::{Cause, End};
use crate::name::{PodName, RecordName};

/// An event that a watch or an agent reports. See [`crate::Engine::observe`].
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A record exists or has changed.
    Record(Box<Record>),
    /// A record is gone. Holds its name and uid.
    RecordGone(RecordName, String),
    /// A Pod of chainpod exists or has changed.
    Pod(PodSeen),
    /// A Pod of chainpod is gone.
    PodGone(PodSeen),
    /// An agent has reported something.
    Agent(AgentId, agent_protocol::Event),
}

/// The container, and the start of it, that an agent belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AgentId {
    /// The record's name.
    pub record: RecordName,
    /// The record's uid.
    pub uid: String,
    /// The start counter.
    pub start: u32,
}

/// The state of a Pod: the status of chainpod's own container in it, which is found by name.
#[derive(Clone, Debug, PartialEq)]
pub struct PodSeen {
    /// The container and start that the Pod belongs to.
    pub agent: AgentId,
    /// Its name.
    pub pod: PodName,
    /// The state of its container.
    pub state: PodState,
    /// The cause that is about to end it, if there is one.
    pub ending: Option<End>,
}

/// The state of a Pod's container.
#[derive(Clone, Debug, PartialEq)]
pub enum PodState {
    /// Not yet running.
    Pending,
    /// Will not run unless something changes. Holds the cause.
    Stuck(Cause),
    /// Will not run, because the Pod has no agent. Holds the reason. The next launch brings the agent in
    /// another way. See [`Container::repeats`](crate::container::Container::repeats).
    NoAgent(String),
    /// Runs.
    Running,
    /// Has ended.
    Ended {
        /// The exit code that the kubelet reports.
        code: i64,
        /// The cause of the end.
        end: End,
    },
}
