//! The errors of operations. The server has the only table from these errors to statuses.

use image_name::InvalidName;

use crate::ports::{ClusterError, StoreError};

/// The result of an operation.
pub type Result<T> = std::result::Result<T, Error>;

/// The reason why an operation failed.
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
    /// A peer built the image and the store has lost it. Docker's text, and the remedy.
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
        /// The id of the container that has the name.
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
        /// Empty, or `: ` and a sentence if the cause is outside the container.
        why: String,
    },
    /// The operator's rules do not allow the image.
    #[error("{0}")]
    NotAllowed(String),
    /// The request is wrong.
    #[error("{0}")]
    Invalid(String),
    /// Others have all of something that is limited. Another attempt may succeed.
    #[error("{0}")]
    Busy(String),
    /// The container could not be started. Holds the cause, as a sentence.
    #[error("{0}")]
    StartFailed(String),
    /// The command does not exist or cannot be executed. Docker's text.
    #[error("{0}")]
    CannotExecute(String),
    /// The start was ended by a stop, kill or removal.
    #[error("the start of container {0} was ended by a stop, kill or removal")]
    StartEnded(String),
    /// An agent calls for a start that is no longer the current one.
    #[error("start {start} of container {container} is not the current one")]
    StartIsOver {
        /// The container's name.
        container: String,
        /// The agent's start.
        start: u32,
    },
    /// An operation failed for the named container or image. Holds the error, and the remedy if one is known.
    #[error("{what}: {error}{}", .error.remedy())]
    Of {
        /// The operation that failed, and its container or image.
        what: String,
        /// The cause.
        error: Box<Error>,
    },
    /// The cluster failed.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The store failed.
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
    /// Returns the remedy for an error of the cluster, as the end of a sentence, or an empty string if none
    /// is known.
    fn remedy(&self) -> String {
        match self {
            Self::Cluster(error) => error.remedy().map(|remedy| format!("; {remedy}")),
            _ => None,
        }
        .unwrap_or_default()
    }

    /// Adds the failed operation to an error of the cluster or the store. Other errors already name their
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
