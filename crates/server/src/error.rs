//! THE table from the engine's errors to Docker's statuses, and the one form of an error's answer.

use axum::response::{IntoResponse, Response};
use docker_api::ErrorBody;
use engine::Error;
use engine::ports::{ClusterError, StoreError};
use http::{StatusCode, header};

/// Returns the status of Docker's answer. The answer's text is the text of the error.
#[must_use]
fn status(error: &Error) -> StatusCode {
    match error {
        Error::NoSuchContainer(_)
        | Error::NoSuchImage(_)
        | Error::ImageLost(_)
        | Error::NoSuchPath { .. } => StatusCode::NOT_FOUND,
        Error::NameInUse { .. } | Error::NotRunning(_) | Error::Conflict(_) => StatusCode::CONFLICT,
        Error::AmbiguousPrefix(_) | Error::Invalid(_) | Error::CannotExecute(_) => StatusCode::BAD_REQUEST,
        Error::StartIsOver { .. } => StatusCode::GONE,
        Error::NotAllowed(_) => StatusCode::FORBIDDEN,
        Error::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
        Error::StartFailed(_) | Error::StartEnded(_) => StatusCode::INTERNAL_SERVER_ERROR,
        Error::Of { error, .. } => status(error),
        Error::Cluster(error) => cluster(error),
        Error::Store(error) => store(error),
    }
}

const fn cluster(error: &ClusterError) -> StatusCode {
    match error {
        ClusterError::AlreadyExists(_) | ClusterError::Conflict(_) => StatusCode::CONFLICT,
        ClusterError::NotFound(_) => StatusCode::NOT_FOUND,
        ClusterError::Refused(_) | ClusterError::QuotaFull(_) => StatusCode::INTERNAL_SERVER_ERROR,
        ClusterError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

const fn store(error: &StoreError) -> StatusCode {
    match error {
        StoreError::Missing(_) => StatusCode::NOT_FOUND,
        StoreError::Invalid(_) | StoreError::Cut(_) => StatusCode::BAD_REQUEST,
        StoreError::NotAllowed(_) => StatusCode::FORBIDDEN,
        StoreError::Unsupported(_) => StatusCode::NOT_IMPLEMENTED,
        StoreError::Io(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The result of a handler.
pub(crate) type Result<T> = std::result::Result<T, ApiError>;

/// A status and Docker's `{"message": …}`.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    message: String,
    /// True if the engine has logged the error already, with more details.
    is_logged: bool,
}

impl ApiError {
    /// Returns 400: the request is wrong.
    pub(crate) fn bad_request(error: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error.to_string())
    }

    /// Returns 401: the caller does not prove its identity.
    pub(crate) fn unauthorized(message: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, message.to_owned())
    }

    /// Returns 408: the request does not arrive in time.
    pub(crate) fn too_slow(message: String) -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, message)
    }

    /// Returns 500: a bug ended the call. The panic is logged.
    pub(crate) fn panicked() -> Self {
        Self {
            is_logged: true,
            ..Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "a bug in chainpod ended this call; chainpod's log shows where; please report the bug"
                    .to_owned(),
            )
        }
    }

    /// Returns 503: the same request may succeed later.
    pub(crate) fn unavailable(error: &Error) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
    }

    /// Returns 507: the store cannot keep the data.
    pub(crate) fn insufficient_storage(error: &Error) -> Self {
        Self::new(StatusCode::INSUFFICIENT_STORAGE, error.to_string())
    }

    /// Returns 501: Docker has this feature and chainpod does not.
    pub(crate) fn not_implemented(message: &str) -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, message.to_owned())
    }

    /// Returns 404, Docker's answer for an unknown path, and for a known path with another method.
    pub(crate) fn no_such_page() -> Self {
        Self::new(StatusCode::NOT_FOUND, "page not found".to_owned())
    }

    const fn new(status: StatusCode, message: String) -> Self {
        Self {
            status,
            message,
            is_logged: false,
        }
    }

    /// Puts the name of the failed step in front of the message.
    pub(crate) fn context(mut self, what: &str) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        Self {
            status: status(&error),
            message: error.to_string(),
            is_logged: matches!(error, Error::StartFailed(_) | Error::CannotExecute(_)),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        if self.status.is_server_error() && !self.is_logged {
            tracing::warn!(
                status = self.status.as_u16(),
                error = self.message,
                "a request failed"
            );
        } else {
            tracing::debug!(
                status = self.status.as_u16(),
                error = self.message,
                "a request was refused"
            );
        }
        // Docker's encoder ends the body with a line feed.
        let body = serde_json::to_string(&ErrorBody {
            message: self.message,
        })
        .unwrap_or_default()
            + "\n";
        (self.status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
    }
}
