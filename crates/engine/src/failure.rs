//! The causes for which a container does not run, or ends at once. Every cause has a name, a sentence, and a
//! time in which it may pass. The peer's command line prints the sentence. Later ends of a program are an
//! [`End`].

use std::fmt::Display;
use std::time::Duration;

use crate::container::Container;
use crate::name::PodName;

mod end;
mod limits;
pub(crate) mod refusal;
mod who;
mod words;

pub use self::end::End;
use self::end::RAISE_MEMORY;
pub use self::limits::StartLimits;
pub(crate) use self::who::Who;
use self::words::{cut, end_of};

/// Docker's exit code for a container whose program never began.
const NEVER_BEGAN: i64 = 128;
/// The remedy for a peer that its chaincode does not reach.
const NAME_THE_PEER: &str =
    "set CORE_PEER_CHAINCODEADDRESS of the peer to a name that pods can resolve, and its port";
/// Messages of chaincode that does not reach its peer, from the shims for Go, Node.js and Java.
const NO_PEER: [&str; 8] = [
    "no such host",
    "produced zero addresses",
    "context deadline exceeded",
    "connection refused",
    "i/o timeout",
    "ENOTFOUND",
    "ECONNREFUSED",
    "UnknownHostException",
];
/// Messages about a program that cannot be executed, and the remedy for each.
const UNEXECUTABLE: [(&str, &str); 2] = [
    (
        "exec format error",
        "it is made for another architecture than its node's: build it where it is to run",
    ),
    ("permission denied", "make it executable for everybody"),
];
/// The remedy for all other messages than those in [`UNEXECUTABLE`].
const NO_SUCH_PROGRAM: &str = "see that its image, or what was built on it, has that program";

/// The cause for which a container does not run. Texts are quoted from the system that reported it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The address at which the chaincode is to reach its peer means the Pod itself.
    PeerAddress(String),
    /// Files of the container are in `/` itself, where no volume can be mounted.
    AtRoot,
    /// The API server refuses the Pod: admission, limits, Pod Security, permissions.
    Refused(String),
    /// The namespace's quota is full.
    Quota(String),
    /// The API server cannot be reached.
    Unavailable(String),
    /// No node can run the Pod: the scheduler's message.
    Unschedulable(String),
    /// The Pod's node does not create its container: the reason.
    Blocked(String),
    /// The image's own command is not known, and is needed.
    ImageCommand {
        /// The image.
        image: String,
        /// The reason why it is not known.
        message: String,
    },
    /// The image cannot be pulled.
    Image {
        /// The image.
        image: String,
        /// The kubelet's message, which contains the registry's.
        message: String,
        /// True if the next attempt may succeed.
        tried_again: bool,
    },
    /// The kubelet or the runtime cannot create a container of the Pod.
    Container {
        /// Their reason and message.
        message: String,
        /// True if the next attempt may succeed.
        tried_again: bool,
    },
    /// The agent's image cannot be pulled.
    AgentImage {
        /// The image.
        image: String,
        /// The kubelet's message, which contains the registry's.
        message: String,
        /// True if the next attempt may succeed.
        tried_again: bool,
    },
    /// The agent cannot be brought into the Pod in any way.
    Agent(String),
    /// The agent cannot fetch the container's files.
    Files(String),
    /// The agent runs but does not get its data from chainpod: the agent's message.
    AgentWaits(String),
    /// The program cannot be executed.
    Command {
        /// Docker's text.
        message: String,
        /// Docker's exit code.
        code: i64,
    },
    /// The Pod ended before its program began.
    PodEnded {
        /// The exit code that the kubelet reports.
        code: i64,
        /// The cause of the end.
        end: End,
    },
    /// The chaincode ran, and ended before it could have served.
    DiedAtOnce {
        /// Its exit code.
        code: i64,
        /// True if it was killed for lack of memory.
        oom_killed: bool,
        /// The address of its peer.
        peer: String,
        /// The last lines that it wrote.
        last_words: String,
    },
    /// Nothing was reported for this duration.
    Silence(Duration),
}

impl Cause {
    /// Returns its name, which is the reason of a Kubernetes Event.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::PeerAddress(_) => "PeerUnreachable",
            Self::AtRoot => "FilesAtRoot",
            Self::Refused(_) => "PodRefused",
            Self::Quota(_) => "QuotaExceeded",
            Self::Unavailable(_) => "ApiServerUnavailable",
            Self::Unschedulable(_) => "Unschedulable",
            Self::Blocked(_) => "PodBlocked",
            Self::ImageCommand { .. } => "EntrypointUnknown",
            Self::Image { .. } => "ImagePullFailed",
            Self::Container { .. } => "ContainerFailed",
            Self::Agent(_) | Self::AgentImage { .. } => "AgentMissing",
            Self::Files(_) | Self::AgentWaits(_) => "FilesMissing",
            Self::Command { .. } => "CommandFailed",
            Self::PodEnded { .. } => "PodEnded",
            Self::DiedAtOnce { .. } => "DiedAtOnce",
            Self::Silence(_) => "StartTimedOut",
        }
    }

    /// Returns the time that it may last before the start is given up.
    pub(crate) const fn patience(&self, limits: &StartLimits) -> Duration {
        match self {
            Self::Unschedulable(_) => limits.unschedulable,
            Self::Image {
                tried_again: true, ..
            }
            | Self::AgentImage {
                tried_again: true, ..
            } => limits.unpullable,
            Self::Container {
                tried_again: true, ..
            } => limits.unmade,
            Self::Blocked(_) => limits.blocked,
            Self::AgentWaits(_) => limits.unanswered,
            Self::Quota(_) => limits.quota,
            _ => Duration::ZERO,
        }
    }

    /// Returns the exit code for `State.ExitCode`.
    pub(crate) const fn exit_code(&self) -> i64 {
        match self {
            Self::Command { code, .. } | Self::DiedAtOnce { code, .. } => *code,
            _ => NEVER_BEGAN,
        }
    }

    /// Returns the sentence: the container, its Pod, the cause and the remedy.
    #[must_use]
    pub fn sentence(&self, container: &Container, pod: &PodName) -> String {
        let who = Who(container);
        let cannot =
            |why: &dyn Display, remedy: &str| format!("{who} cannot run: {}; {remedy}", cut(why.to_string()));
        match self {
            Self::PeerAddress(address) => format!(
                "{who} cannot reach its peer at {address}: in pod {pod} that is the pod itself; {NAME_THE_PEER}"
            ),
            Self::AtRoot => cannot(
                &format_args!(
                    "files that were built or uploaded into / itself can be in no volume of pod {pod}"
                ),
                "put them into a directory",
            ),
            Self::Refused(message) => cannot(
                &format_args!("pod {pod} is refused: {message}"),
                refusal::remedy(message),
            ),
            Self::Quota(message) => cannot(&format_args!("pod {pod} is refused: {message}"), refusal::QUOTA),
            Self::Unavailable(message) => cannot(message, refusal::UNAVAILABLE),
            Self::Unschedulable(message) => cannot(
                &format_args!("no node takes pod {pod}: {message}"),
                "add a node that does, or let it ask for less",
            ),
            Self::Blocked(message) => cannot(
                &format_args!("pod {pod} waits on its node: {message}"),
                "see that what the pod names is there and that its node works",
            ),
            Self::Image { image, message, .. } => cannot(
                &format_args!("pod {pod} cannot pull image {image}: {message}"),
                "see that it exists and that the nodes can pull it",
            ),
            Self::Container { message, .. } => cannot(
                &format_args!("pod {pod} cannot begin: {message}"),
                "see that what the pod names is there and allowed on its node",
            ),
            Self::AgentImage { image, message, .. } => cannot(
                &format_args!("pod {pod} cannot pull image {image}, which has chainpod's agent: {message}"),
                "set chainpod's agent-image to an image that the nodes can pull",
            ),
            Self::Agent(message) => cannot(
                &format_args!("chainpod's agent does not get into pod {pod}: {message}"),
                "see chainpod's agent-image and agent-volume",
            ),
            Self::Files(message) => cannot(
                &format_args!("its files do not get into pod {pod}: {message}"),
                "see that pods reach chainpod's agent-address, and its log",
            ),
            Self::AgentWaits(message) => cannot(
                &format_args!("the agent in pod {pod} waits for chainpod: {message}"),
                "check that pods reach chainpod's agent-address, that nothing on the way has another certificate, and chainpod's log",
            ),
            Self::Command { message, .. } => cannot(
                &format_args!("pod {pod} cannot execute its program: {message}"),
                unexecutable(message),
            ),
            Self::PodEnded { code, end } => cannot(
                &format_args!("pod {pod} ended with {code} before the program began: {end}"),
                &end.remedy(container),
            ),
            Self::ImageCommand { image, message } => cannot(
                &format_args!("the ENTRYPOINT of image {image} is not known: {message}"),
                "say it in chainpod's rules (images[].entrypoint), or let chainpod read the registry (registry-auth)",
            ),
            Self::DiedAtOnce {
                code,
                oom_killed,
                peer,
                last_words,
            } => died(
                container,
                pod,
                (*code, *oom_killed),
                peer,
                end_of(last_words.trim()),
            ),
            Self::Silence(limit) => cannot(
                &format_args!("pod {pod} did not start within {} s", limit.as_secs()),
                "see what kubectl get events says of it",
            ),
        }
    }
}

/// Returns the remedy for a program that cannot be executed, by the message about it.
fn unexecutable(message: &str) -> &'static str {
    let rows = UNEXECUTABLE.iter().find(|(said, _)| message.contains(said));
    rows.map_or(NO_SUCH_PROGRAM, |(_, remedy)| remedy)
}

/// Returns the sentence for chaincode that died at once.
fn died(
    container: &Container,
    pod: &PodName,
    (code, oom_killed): (i64, bool),
    peer: &str,
    words: &str,
) -> String {
    let (how, remedy) = if oom_killed {
        (End::OutOfMemory.how(container, code), RAISE_MEMORY.to_owned())
    } else if NO_PEER.iter().any(|said| words.contains(said)) {
        let how = format!("exited with {code}");
        (
            how,
            format!("see that pods can resolve and reach its peer at {peer}: {NAME_THE_PEER}"),
        )
    } else {
        let mend = if words.is_empty() {
            "let it say why it ends"
        } else {
            "mend what it says"
        };
        let how = format!("exited with {code}");
        (how, format!("{mend}, and the next transaction launches it again"))
    };
    let words = match words {
        "" => "it wrote nothing".to_owned(),
        words => format!("its last words: {words}"),
    };
    format!(
        "{} {how} right after its start in pod {pod}; {remedy}; {words}",
        Who(container)
    )
}

#[cfg(test)]
mod tests;
