//! The events of a container, with all data that its record needs from them.

use super::table::Kind;
use crate::container::{BuiltFor, KeptLine, Upload};
use crate::failure::{Cause, End};
use crate::image::{Digest, ImageCommand};
use crate::name::BootId;
use crate::news::News;

/// An event in a container's life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transition {
    /// A client starts the container.
    Claimed {
        /// The chaincode that the container compiles, if the caller's open builds show it.
        built_for: Option<BuiltFor>,
        /// The image's own command, if the operator's rules name it.
        image_command: Option<ImageCommand>,
    },
    /// The Pod of that start has no agent, and another Pod gets the agent in another way. Happens once in a
    /// start.
    Repeated {
        /// The start.
        start: u32,
    },
    /// The registry has reported the image's own command.
    CommandFound(ImageCommand),
    /// The program of that start runs.
    Began {
        /// The start.
        start: u32,
    },
    /// That start failed before the program ran.
    FailedToBegin {
        /// The start.
        start: u32,
        /// The cause.
        cause: Cause,
    },
    /// The program of that start has ended. The first report of an end counts.
    Ended {
        /// The start.
        start: u32,
        /// The exit code.
        code: i64,
        /// The cause of the end.
        end: End,
        /// True if a client has asked for the end.
        asked: bool,
        /// True if the program is known to have run, even if that has not been reported yet.
        has_run: bool,
    },
    /// The program of that start was killed, and its end has not been reported in time.
    EndedUnseen {
        /// The start.
        start: u32,
    },
    /// The Pod of that start is gone, and nobody saw it go. A start in progress fails only if that holder still
    /// has it: another process may be making the Pod.
    Vanished {
        /// The start.
        start: u32,
        /// The holder when the Pod was looked for.
        holder: Option<BootId>,
        /// True if a client has asked for the end.
        asked: bool,
    },
    /// The program of that start was ended from outside, and the cause was reported after the end.
    Explained {
        /// The start.
        start: u32,
        /// The cause of the end.
        end: End,
    },
    /// The chaincode of that start ended before it could serve.
    DiedAtOnce {
        /// The start.
        start: u32,
        /// [`Cause::DiedAtOnce`].
        cause: Cause,
    },
    /// This process has a wait open.
    Held,
    /// The last wait in this process has been closed.
    LetGo,
    /// The news of an end has been announced, and the last lines of that start have been read.
    Announced {
        /// The start.
        start: u32,
        /// The news.
        news: News,
        /// The last lines. Empty if the program wrote nothing.
        last_lines: Vec<KeptLine>,
    },
    /// A client has uploaded files.
    Uploaded(Upload),
    /// The files of that upload could not be kept.
    UploadFailed(Upload),
    /// The agent of that start has delivered an output of its program.
    HandedOver {
        /// The start.
        start: u32,
        /// The directory.
        directory: String,
        /// The tar's digest.
        digest: Digest,
    },
}

impl Transition {
    /// Returns the transition's row of the table.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Claimed { .. } => Kind::Claimed,
            Self::Repeated { .. } => Kind::Repeated,
            Self::CommandFound(_) => Kind::CommandFound,
            Self::Began { .. } => Kind::Began,
            Self::FailedToBegin { .. } => Kind::FailedToBegin,
            Self::Ended { .. } => Kind::Ended,
            Self::EndedUnseen { .. } => Kind::EndedUnseen,
            Self::Vanished { .. } => Kind::Vanished,
            Self::Explained { .. } => Kind::Explained,
            Self::DiedAtOnce { .. } => Kind::DiedAtOnce,
            Self::Held => Kind::Held,
            Self::LetGo => Kind::LetGo,
            Self::Announced { .. } => Kind::Announced,
            Self::Uploaded(_) => Kind::Uploaded,
            Self::UploadFailed(_) => Kind::UploadFailed,
            Self::HandedOver { .. } => Kind::HandedOver,
        }
    }

    /// Returns the start that the transition is about, or none if it applies to any start.
    #[must_use]
    pub const fn start(&self) -> Option<u32> {
        match self {
            Self::Repeated { start }
            | Self::Began { start }
            | Self::FailedToBegin { start, .. }
            | Self::Ended { start, .. }
            | Self::EndedUnseen { start }
            | Self::Vanished { start, .. }
            | Self::Explained { start, .. }
            | Self::DiedAtOnce { start, .. }
            | Self::HandedOver { start, .. } => Some(*start),
            Self::Claimed { .. }
            | Self::CommandFound(_)
            | Self::Held
            | Self::LetGo
            | Self::Announced { .. }
            | Self::Uploaded(_)
            | Self::UploadFailed(_) => None,
        }
    }
}
