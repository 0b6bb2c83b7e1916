//! The failures of the cluster and the store.

use image_name::InvalidName;

use crate::failure::refusal;
use crate::image::Digest;

/// A failure of the cluster.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// The object already exists.
    #[error("{0} already exists")]
    AlreadyExists(String),
    /// The object changed since it was read. Read it again and decide again.
    #[error("{0} was changed by another client")]
    Conflict(String),
    /// The object is gone.
    #[error("{0} does not exist")]
    NotFound(String),
    /// The API server refuses: admission, permissions. Holds its own message.
    #[error("{0}")]
    Refused(String),
    /// The namespace's quota is full. Holds the API server's message.
    #[error("{0}")]
    QuotaFull(String),
    /// The API server cannot be reached or fails. Another attempt may succeed.
    #[error("the kubernetes api server cannot be reached: {0}")]
    Unavailable(String),
}

impl ClusterError {
    /// Returns the remedy, or none if the error says everything.
    pub(crate) fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::Refused(message) => Some(refusal::remedy(message)),
            Self::QuotaFull(_) => Some(refusal::QUOTA),
            Self::Unavailable(_) => Some(refusal::UNAVAILABLE),
            Self::AlreadyExists(_) | Self::Conflict(_) | Self::NotFound(_) => None,
        }
    }
}

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The build context is invalid, which is the client's fault.
    #[error("{0}")]
    Invalid(String),
    /// The Dockerfile uses something that is not supported here. Holds its line.
    #[error("{0}")]
    Unsupported(String),
    /// The operator's rules do not allow the base.
    #[error("{0}")]
    NotAllowed(String),
    /// The client's stream ended early.
    #[error("the build context was cut off: {0}")]
    Cut(String),
    /// The blob does not exist.
    #[error("blob {0} is not in the image store")]
    Missing(Digest),
    /// The store fails: full, read-only, unreachable.
    #[error("the image store failed: {0}")]
    Io(String),
}

/// A build names its base or its image by a text that is not a name.
impl From<InvalidName> for StoreError {
    fn from(error: InvalidName) -> Self {
        Self::Invalid(error.to_string())
    }
}
