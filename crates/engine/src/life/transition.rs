//! What can happen to a container, with all that its record has to learn from it.

use super::table::Kind;
use crate::container::{BuiltFor, KeptLine, Upload};
use crate::failure::{Cause, End};
use crate::image::{Digest, ImageCommand};
use crate::news::News;

/// Something that happens to a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transition {
    /// A client starts it.
    Claimed {
        /// Whose chaincode it compiles, where its caller's open builds tell.
        built_for: Option<BuiltFor>,
        /// What its image runs by itself, where the operator's rules tell.
        image_command: Option<ImageCommand>,
    },
    /// The Pod of that start has no agent: another Pod gets it by another way. Once in a start.
    Repeated {
        /// The start.
        start: u32,
    },
    /// The registry has said what its image runs by itself.
    CommandFound(ImageCommand),
    /// The program of that start runs.
    Began {
        /// The start.
        start: u32,
    },
    /// That start did not come to a running program.
    FailedToBegin {
        /// The start.
        start: u32,
        /// Why.
        cause: Cause,
    },
    /// The program of that start has ended; the first report of an end counts.
    Ended {
        /// The start.
        start: u32,
        /// The exit code.
        code: i64,
        /// What ended it.
        end: End,
        /// Whether a client has asked for the end.
        asked: bool,
        /// Whether the program is known to have run, even if nobody has reported that yet.
        has_run: bool,
    },
    /// The program of that start was killed, and its end has not been reported in time.
    EndedUnseen {
        /// The start.
        start: u32,
    },
    /// The program of that start was ended from outside, and its end was reported before its reason.
    Explained {
        /// The start.
        start: u32,
        /// What ended it.
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
    /// Nobody waits in this process any more.
    LetGo,
    /// The news of an end have been told, and the last lines of that start have been read.
    Announced {
        /// The start.
        start: u32,
        /// The news.
        news: News,
        /// The lines; none where there are none to keep.
        last_lines: Vec<KeptLine>,
    },
    /// A client has uploaded files.
    Uploaded(Upload),
    /// The files of that upload could not be kept.
    UploadFailed(Upload),
    /// The agent of that start has handed over what its program made.
    HandedOver {
        /// The start.
        start: u32,
        /// The directory.
        directory: String,
        /// Its tar.
        digest: Digest,
    },
}

impl Transition {
    /// Returns the row of the table that it belongs to.
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

    /// Returns the start that it is about; none where it is about the container, whichever its start.
    #[must_use]
    pub const fn start(&self) -> Option<u32> {
        match self {
            Self::Repeated { start }
            | Self::Began { start }
            | Self::FailedToBegin { start, .. }
            | Self::Ended { start, .. }
            | Self::EndedUnseen { start }
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
