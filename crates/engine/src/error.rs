//! Everything that can go wrong in an operation. The server has the one table
//! from these to statuses.

use image_name::InvalidName;

use crate::ports::{ClusterError, StoreError};

/// An operation's result.
pub type Result<T> = std::result::Result<T, Error>;

/// Why an operation did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No container has that name, id or id prefix. Docker's text.
    #[error("No such container: {0}")]
    NoSuchContainer(String),
    /// Several containers begin with that id prefix.
    #[error("Multiple IDs found with provided prefix: {0}")]
    AmbiguousPrefix(String),
    /// The image was neither built nor pulled here. Peers search for this text.
    #[error("No such image: {0}")]
    NoSuchImage(String),
    /// A peer built the image and the store has lost it. Docker's text, and what to do.
    #[error(
        "No such image: {0}; the image store has lost it, and a running peer does not build it again: restart the peer"
    )]
    ImageLost(String),
    /// The name is taken. Docker's text.
    #[error(
        "Conflict. The container name \"/{name}\" is already in use by container \"{id}\". You have to remove (or rename) that container to be able to reuse that name."
    )]
    NameInUse {
        /// The name.
        name: String,
        /// Who has it.
        id: String,
    },
    /// There is no process. Docker's text.
    #[error("container {0} is not running")]
    NotRunning(String),
    /// The container's phase forbids the operation.
    #[error("{0}")]
    Conflict(String),
    /// The path is not in the container.
    #[error("Could not find the file {path} in container {container}{why}")]
    NoSuchPath {
        /// The path asked for.
        path: String,
        /// The container.
        container: String,
        /// Where that is no fault of the container's: `: ` and a sentence.
        why: String,
    },
    /// The image is none that the operator allows.
    #[error("{0}")]
    NotAllowed(String),
    /// The request is wrong.
    #[error("{0}")]
    Invalid(String),
    /// The container could not be started: the cause, as a sentence.
    #[error("{0}")]
    StartFailed(String),
    /// The command is not there or cannot be executed. Docker's words.
    #[error("{0}")]
    CannotExecute(String),
    /// The start was ended by a stop, kill or removal.
    #[error("the start of container {0} was ended by a stop, kill or removal")]
    StartEnded(String),
    /// An agent speaks for a start that is not the current one any more.
    #[error("container {container}: start {start} is over")]
    StartIsOver {
        /// The container's name.
        container: String,
        /// The agent's start.
        start: u32,
    },
    /// Something failed for what is named: the error, and what to do where that is known.
    #[error("{what}: {error}{}", .error.remedy())]
    Of {
        /// What cannot be done, and for which container or image.
        what: String,
        /// Why.
        error: Box<Error>,
    },
    /// The cluster's side failed.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The store's side failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The request refers to an image by a text that is neither a name nor an id.
impl From<InvalidName> for Error {
    fn from(error: InvalidName) -> Self {
        Self::Invalid(error.to_string())
    }
}

impl Error {
    /// What to do about an error of the cluster's side, as the end of a sentence; empty where nothing is known.
    fn remedy(&self) -> String {
        match self {
            Self::Cluster(error) => error.remedy().map(|remedy| format!("; {remedy}")),
            _ => None,
        }
        .unwrap_or_default()
    }

    /// An error of the cluster's or the store's side with what it kept from being done; others know their
    /// container.
    pub(crate) fn of(self, what: impl FnOnce() -> String) -> Self {
        match self {
            Self::Cluster(
                ClusterError::Refused(_) | ClusterError::QuotaFull(_) | ClusterError::Unavailable(_),
            )
            | Self::Store(StoreError::Io(_)) => Self::Of {
                what: what(),
                error: Box::new(self),
            },
            other => other,
        }
    }
}
