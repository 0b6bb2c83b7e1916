//! The reasons why a container does not run, or ends at once. Every cause has a name, a sentence, and a time
//! in which it may pass. The peer's command line prints the sentence. Later ends of a program are an [`End`].

use std::time::Duration;

use agent_protocol::exit_code::NEVER_BEGAN;

mod end;
mod limits;
pub(crate) mod refusal;
mod sentence;
mod who;
mod words;

pub use self::end::End;
pub use self::limits::StartLimits;
pub(crate) use self::who::Who;

/// The reason why a container does not run. Texts are quoted from the system that reported it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The address that the chaincode uses for its peer means the Pod itself.
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
    /// The start needs the image's own command, and it is not known.
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
        /// The chance that the next attempt succeeds.
        outlook: Outlook,
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
    /// Neither an image volume nor a copy brings the agent into the Pod.
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

/// The chance that the next attempt to create a container succeeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outlook {
    /// There is no next attempt.
    None,
    /// The message names something definite, such as an object that is missing and may still be created.
    Poor,
    /// The message is about the node itself, which may be busy.
    Good,
}

impl Cause {
    /// Returns the cause's name, which is the reason of a Kubernetes Event.
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

    /// Returns the time that the cause may last before the start fails.
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
                outlook: Outlook::Poor,
                ..
            } => limits.unmade,
            Self::Container {
                outlook: Outlook::Good,
                ..
            } => limits.busy,
            Self::Blocked(_) => limits.blocked,
            Self::AgentWaits(_) => limits.unanswered,
            Self::Quota(_) => limits.quota,
            Self::PeerAddress(_)
            | Self::AtRoot
            | Self::Refused(_)
            | Self::Unavailable(_)
            | Self::ImageCommand { .. }
            | Self::Image {
                tried_again: false, ..
            }
            | Self::Container {
                outlook: Outlook::None,
                ..
            }
            | Self::AgentImage {
                tried_again: false, ..
            }
            | Self::Agent(_)
            | Self::Files(_)
            | Self::Command { .. }
            | Self::PodEnded { .. }
            | Self::DiedAtOnce { .. }
            | Self::Silence(_) => Duration::ZERO,
        }
    }

    /// Returns the exit code for `State.ExitCode`.
    pub(crate) const fn exit_code(&self) -> i64 {
        match self {
            Self::Command { code, .. } | Self::DiedAtOnce { code, .. } => *code,
            Self::PeerAddress(_)
            | Self::AtRoot
            | Self::Refused(_)
            | Self::Quota(_)
            | Self::Unavailable(_)
            | Self::Unschedulable(_)
            | Self::Blocked(_)
            | Self::ImageCommand { .. }
            | Self::Image { .. }
            | Self::Container { .. }
            | Self::AgentImage { .. }
            | Self::Agent(_)
            | Self::Files(_)
            | Self::AgentWaits(_)
            | Self::PodEnded { .. }
            | Self::Silence(_) => NEVER_BEGAN,
        }
    }
}

#[cfg(test)]
mod tests;
