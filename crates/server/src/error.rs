//! THE table from the engine's errors to Docker's statuses.

use engine::Error;
use engine::ports::{ClusterError, StoreError};
use http::StatusCode;

/// The status of Docker's answer; its text is the error's own.
#[must_use]
pub const fn status(error: &Error) -> StatusCode {
    match error {
        Error::NoSuchContainer(_) | Error::NoSuchImage(_) | Error::NoSuchPath { .. } => StatusCode::NOT_FOUND,
        Error::NameInUse { .. } | Error::NotRunning(_) | Error::Conflict(_) => StatusCode::CONFLICT,
        Error::AmbiguousPrefix(_) | Error::Invalid(_) | Error::CannotExecute(_) => StatusCode::BAD_REQUEST,
        Error::StartFailed(_) | Error::StartEnded(_) => StatusCode::INTERNAL_SERVER_ERROR,
        Error::Cluster(error) => cluster(error),
        Error::Store(error) => store(error),
    }
}

const fn cluster(error: &ClusterError) -> StatusCode {
    match error {
        ClusterError::AlreadyExists(_) | ClusterError::Conflict(_) => StatusCode::CONFLICT,
        ClusterError::NotFound(_) => StatusCode::NOT_FOUND,
        ClusterError::Refused(_) => StatusCode::INTERNAL_SERVER_ERROR,
        ClusterError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

const fn store(error: &StoreError) -> StatusCode {
    match error {
        StoreError::Invalid(_) | StoreError::Cut(_) => StatusCode::BAD_REQUEST,
        StoreError::Unsupported(_) => StatusCode::NOT_IMPLEMENTED,
        StoreError::Missing(_) | StoreError::Io(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
