//! What the world answers that does not do what it was asked.

use image_name::InvalidName;

use crate::failure::refusal;
use crate::image::Digest;

/// A failure of the cluster's side.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// The object is there already.
    #[error("{0} already exists")]
    AlreadyExists(String),
    /// The object changed since it was read: read it again and decide anew.
    #[error("{0} was changed by somebody else")]
    Conflict(String),
    /// The object is gone.
    #[error("{0} is not there")]
    NotFound(String),
    /// The API server refuses: admission, permissions. Its own message.
    #[error("{0}")]
    Refused(String),
    /// The namespace's quota is full. The API server's message.
    #[error("{0}")]
    QuotaFull(String),
    /// The API server cannot be reached or fails; worth another try.
    #[error("the kubernetes api server cannot be reached: {0}")]
    Unavailable(String),
}

impl ClusterError {
    /// Returns the advice for it; none where it says all.
    pub(crate) fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::Refused(message) => Some(refusal::remedy(message)),
            Self::QuotaFull(_) => Some(refusal::QUOTA),
            Self::Unavailable(_) => Some(refusal::UNAVAILABLE),
            Self::AlreadyExists(_) | Self::Conflict(_) | Self::NotFound(_) => None,
        }
    }
}

/// A failure of the store's side.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The build context is not what it should be: the client's fault.
    #[error("{0}")]
    Invalid(String),
    /// The Dockerfile wants what cannot be done here, with its line.
    #[error("{0}")]
    Unsupported(String),
    /// The base is none that the operator allows.
    #[error("{0}")]
    NotAllowed(String),
    /// The client's stream ended before its end.
    #[error("the build context was cut off: {0}")]
    Cut(String),
    /// The blob is not there.
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
