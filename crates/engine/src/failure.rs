//! Why a container does not come to run, or ends at once: every cause with its
//! name, its sentence, and how long it is given to pass. The sentence is what
//! the peer's command line prints. How a program ends later is [`Exit`]'s.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use crate::container::Container;
#[cfg(doc)]
use crate::container::Exit;
use crate::name::PodName;

/// What a MiB has in bytes.
const MIB: i64 = 1 << 20;
/// Docker's exit code of a container whose program never began.
const NEVER_BEGAN: i64 = 128;

/// Why a container does not run. Texts are those of who said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The address at which the chaincode is to reach its peer means the Pod itself.
    PeerAddress(String),
    /// The API server refuses the Pod: admission, quota, Pod Security.
    Refused(String),
    /// The API server cannot be reached.
    Unavailable(String),
    /// No node takes the Pod: the scheduler's message.
    Unschedulable(String),
    /// What the image runs by itself is not known, and is needed.
    ImageCommand {
        /// Which one.
        image: String,
        /// Why it is not known.
        message: String,
    },
    /// The image cannot be pulled.
    Image {
        /// Which one.
        image: String,
        /// The kubelet's message, which has the registry's.
        message: String,
        /// Whether the next try may succeed.
        tried_again: bool,
    },
    /// The kubelet or the runtime cannot make the Pod's container: reason and message.
    Container(String),
    /// The agent gets into the Pod by no way.
    Agent(String),
    /// The program cannot be executed.
    Command {
        /// Docker's words.
        message: String,
        /// Docker's exit code.
        code: i64,
    },
    /// The Pod ended before its program began: evicted, deleted, its node lost.
    PodEnded {
        /// The exit code that the kubelet says.
        code: i64,
        /// Its reason or message.
        message: String,
    },
    /// The chaincode ran, and ended before it could have served.
    DiedAtOnce {
        /// Its exit code.
        code: i64,
        /// Whether it was killed for its memory.
        oom_killed: bool,
        /// The end of what it wrote.
        last_words: String,
    },
    /// Nothing has been heard for so long.
    Silence(Duration),
}

/// How long starts may take.
#[derive(Clone, Copy, Debug)]
pub struct StartLimits {
    /// All of it.
    pub total: Duration,
    /// How long chaincode must live for its start to have succeeded.
    pub alive: Duration,
    /// How long no node may take the Pod.
    pub unschedulable: Duration,
    /// How long an image's pull may have failed.
    pub unpullable: Duration,
}

impl Default for StartLimits {
    fn default() -> Self {
        Self {
            // Shorter than the peer's own 300 s, so that the reason reaches the user.
            total: Duration::from_secs(270),
            // What lacks a setting or a library has said so by then; and a peer registers what works
            // meanwhile, whether start has been answered or not.
            alive: Duration::from_secs(5),
            // An autoscaler has begun to add a node by then.
            unschedulable: Duration::from_secs(60),
            // The kubelet tries again after 10 s.
            unpullable: Duration::from_secs(15),
        }
    }
}

impl Cause {
    /// Its name: the reason of a Kubernetes Event.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::PeerAddress(_) => "PeerUnreachable",
            Self::Refused(_) => "PodRefused",
            Self::Unavailable(_) => "ApiServerUnavailable",
            Self::Unschedulable(_) => "Unschedulable",
            Self::ImageCommand { .. } => "EntrypointUnknown",
            Self::Image { .. } => "ImagePullFailed",
            Self::Container(_) => "ContainerFailed",
            Self::Agent(_) => "AgentMissing",
            Self::Command { .. } => "CommandFailed",
            Self::PodEnded { .. } => "PodEnded",
            Self::DiedAtOnce { .. } => "DiedAtOnce",
            Self::Silence(_) => "StartTimedOut",
        }
    }

    /// How long it may last before the start is given up.
    pub(crate) const fn patience(&self, limits: &StartLimits) -> Duration {
        match self {
            Self::Unschedulable(_) => limits.unschedulable,
            Self::Image {
                tried_again: true, ..
            } => limits.unpullable,
            _ => Duration::ZERO,
        }
    }

    /// The exit code that `State.ExitCode` has then.
    pub(crate) const fn exit_code(&self) -> i64 {
        match self {
            Self::Command { code, .. } | Self::DiedAtOnce { code, .. } => *code,
            _ => NEVER_BEGAN,
        }
    }

    /// The sentence: who, in which Pod, why, and what to do.
    #[must_use]
    pub fn sentence(&self, container: &Container, pod: &PodName) -> String {
        let cannot = |why: &dyn Display| format!("{} cannot run: {why}", Who(container));
        match self {
            Self::PeerAddress(address) => format!(
                "{} cannot reach its peer at {address}: in pod {pod} that is the pod itself; set \
                 CORE_PEER_CHAINCODEADDRESS of the peer to a name that pods can resolve, and its port",
                Who(container)
            ),
            Self::Refused(message) => cannot(&format_args!("pod {pod} is refused: {message}")),
            Self::Unavailable(message) => cannot(message),
            Self::Unschedulable(message) => cannot(&format_args!("no node takes pod {pod}: {message}")),
            Self::ImageCommand { image, message } => cannot(&format_args!(
                "the ENTRYPOINT of image {image} is not known: {message}; say it in chainpod's rules (images[].entrypoint), or let \
                 chainpod read the registry (registry-auth)"
            )),
            Self::Image { image, message, .. } => cannot(&format_args!(
                "pod {pod} cannot pull image {image}: {message}; see that it exists and that the nodes can pull it"
            )),
            Self::Container(message) => cannot(&format_args!("pod {pod} cannot begin: {message}")),
            Self::Agent(message) => cannot(&format_args!(
                "chainpod's agent does not get into pod {pod}: {message}; see chainpod's agent-image and agent-volume"
            )),
            Self::Command { message, .. } => message.clone(),
            Self::PodEnded { code, message } => cannot(&format_args!(
                "pod {pod} ended with {code} before the program began: {message}"
            )),
            Self::DiedAtOnce {
                code,
                oom_killed,
                last_words,
            } => {
                let limit_mib = container.spec.memory_bytes / MIB;
                let how = match oom_killed {
                    true => format!("was killed for its memory (limit {limit_mib} MiB)"),
                    false => format!("exited with {code}"),
                };
                let words = match last_words.trim() {
                    "" => "it wrote nothing".to_owned(),
                    words => format!("its last words: {words}"),
                };
                format!(
                    "{} {how} right after its start in pod {pod}; {words}",
                    Who(container)
                )
            }
            Self::Silence(limit) => cannot(&format_args!(
                "pod {pod} did not start within {} s",
                limit.as_secs()
            )),
        }
    }
}

/// A container as its users know it.
struct Who<'a>(&'a Container);

impl Display for Who<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match (self.0.chaincode(), self.0.peer()) {
            (Some(chaincode), Some(peer)) => write!(f, "chaincode {chaincode} of {peer}"),
            _ => write!(f, "container {}", self.0.name),
        }
    }
}

#[cfg(test)]
mod tests;
