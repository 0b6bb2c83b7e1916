//! `POST /containers/{id}/start`: starts the container's Pod.

use axum::Extension;
use axum::extract::{Path, State};
use engine::caller::Caller;
use engine::{Engine, Started};
use http::StatusCode;

use crate::calls::Calls;
use crate::error::Result;

/// Answers 204 when its program runs, and 304 if it ran already. The start goes on if the client is gone.
///
/// # Errors
/// Returns 400 for a command that cannot be executed, and 500 for any other failed start, each with its
/// cause.
pub(crate) async fn start(
    State(engine): State<Engine>,
    Extension(caller): Extension<Caller>,
    calls: Calls,
    Path(id): Path<String>,
) -> Result<StatusCode> {
    calls.end_when_gone();
    Ok(match engine.called_by(caller).start(&id).await? {
        Started::Now => StatusCode::NO_CONTENT,
        Started::Already => StatusCode::NOT_MODIFIED,
    })
}
