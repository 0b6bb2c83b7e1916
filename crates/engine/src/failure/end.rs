//! The causes that end a program that ran, for `State.Error` and the Event on the record. A program that
//! ended by itself has only its exit code, as in Docker.

use std::fmt::{self, Display, Formatter};

use jiff::Timestamp;

use super::who::Who;
use super::words::cut;
use crate::container::{Container, Exit, Role};
use crate::name::PodName;

/// Bytes of a MiB.
const MIB: i64 = 1 << 20;
/// The remedy for a program that was killed at its client's memory limit.
const RAISE_MEMORY: &str = "raise HostConfig.Memory (peers: CORE_VM_DOCKER_HOSTCONFIG_MEMORY)";
/// The remedy for a program that was killed for lack of memory and whose client sets no limit.
const FIND_MEMORY: &str = "if a rule or the namespace's LimitRange sets a limit, raise that limit; otherwise the node ran out of memory: set resources.requests.memory in chainpod's rules";

/// The cause that ended a program, as far as it is known. Texts are the cluster's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It ended by itself, or was asked to end.
    Itself,
    /// The kernel killed it for lack of memory.
    OutOfMemory,
    /// Its Pod was evicted by the eviction API, or by the kubelet because its node lacked a resource.
    Evicted(String),
    /// Its Pod was preempted in favour of another.
    Preempted(String),
    /// Its node is gone.
    NodeLost(String),
    /// Its Pod was deleted, but not by chainpod.
    Deleted,
    /// Its Pod failed for another reason, which the kubelet reports.
    PodFailed(String),
    /// It ended by itself, and the image store could not keep its outputs.
    OutputsLost(String),
    /// The agent ended without a report, so that only the kubelet's status is left.
    AgentLost,
    /// It was killed, and its end was not reported in time.
    Unseen,
    /// Its Pod disappeared while no process of chainpod was watching.
    Vanished,
}

impl End {
    /// Returns the end's name, which is the reason of a Kubernetes Event.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Itself => "Exited",
            Self::OutOfMemory => "OOMKilled",
            Self::Evicted(_) => "Evicted",
            Self::Preempted(_) => "Preempted",
            Self::NodeLost(_) => "NodeLost",
            Self::Deleted => "PodDeleted",
            Self::PodFailed(_) => "PodFailed",
            Self::OutputsLost(_) => "OutputsLost",
            Self::AgentLost => "AgentLost",
            Self::Unseen => "EndUnseen",
            Self::Vanished => "PodVanished",
        }
    }

    /// Returns the sentence: the container, its Pod, the cause and the remedy. Empty if the exit code says
    /// everything.
    #[must_use]
    pub fn sentence(&self, container: &Container, pod: &PodName, code: i64) -> String {
        let (who, how, remedy) = (Who(container), self.how(container, code), self.remedy(container));
        match self {
            Self::Itself => String::new(),
            Self::OutOfMemory => format!("{who} {how} in pod {pod}; {remedy}"),
            Self::Evicted(_)
            | Self::Preempted(_)
            | Self::NodeLost(_)
            | Self::Deleted
            | Self::PodFailed(_)
            | Self::OutputsLost(_)
            | Self::AgentLost
            | Self::Unseen
            | Self::Vanished => format!("{who} {how} in pod {pod}: {}; {remedy}", cut(self.to_string())),
        }
    }

    /// Returns the part of the sentence about the end itself.
    pub(super) fn how(&self, container: &Container, code: i64) -> String {
        if *self != Self::OutOfMemory {
            return format!("exited with code {code}");
        }
        match container.spec.memory_bytes / MIB {
            0 => "was killed for lack of memory (HostConfig sets no limit)".to_owned(),
            limit_mib => format!("was killed for lack of memory (limit {limit_mib} MiB)"),
        }
    }

    /// Returns the remedy.
    pub(super) fn remedy(&self, container: &Container) -> String {
        let again = match (container.role, container.chaincode()) {
            (Role::Chaincode, Some(_)) => "the next transaction launches it again",
            (Role::Build, Some(_)) => "install the chaincode again",
            (_, None) => "start it again",
        };
        match self {
            Self::OutOfMemory if container.spec.memory_bytes < MIB => FIND_MEMORY.to_owned(),
            Self::OutOfMemory => RAISE_MEMORY.to_owned(),
            Self::Preempted(_) => {
                format!(
                    "{again} when a node has room; add nodes, or set priorityClassName in chainpod's rules"
                )
            }
            Self::Evicted(_) => format!("{again}; if the pod exceeded a limit, raise that limit"),
            Self::Deleted => format!("{again}; find out who deletes chainpod's pods"),
            Self::AgentLost => format!("{again}; read the kubelet's log on its node"),
            Self::Unseen => "check that its node is Ready".to_owned(),
            Self::Itself | Self::NodeLost(_) | Self::PodFailed(_) | Self::OutputsLost(_) | Self::Vanished => {
                again.to_owned()
            }
        }
    }

    /// Returns the exit of a program that ended in this way, with the time `at` of the report.
    pub(crate) fn exit(&self, container: &Container, pod: &PodName, code: i64, at: Timestamp) -> Exit {
        Exit {
            code,
            oom_killed: *self == Self::OutOfMemory,
            error: self.sentence(container, pod, code),
            finished_at: at,
        }
    }
}

impl Display for End {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Itself => f.write_str("it ended by itself"),
            Self::OutOfMemory => f.write_str("it was killed for lack of memory"),
            Self::Evicted(why) => write!(f, "it was evicted: {why}"),
            Self::Preempted(why) => write!(f, "it was preempted: {why}"),
            Self::NodeLost(why) => write!(f, "its node is gone: {why}"),
            Self::Deleted => f.write_str("it was deleted"),
            Self::PodFailed(why) => write!(f, "it failed: {why}"),
            Self::OutputsLost(why) => write!(f, "its outputs are lost: {why}"),
            Self::AgentLost => f.write_str("chainpod's agent in it ended without a report"),
            Self::Unseen => f.write_str("it was killed, and its end was not reported in time"),
            Self::Vanished => f.write_str("it disappeared while chainpod was not watching"),
        }
    }
}
