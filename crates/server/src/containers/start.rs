//! `POST /containers/{id}/start`: the container's Pod.

use axum::Extension;
use axum::extract::{Path, State};
use engine::caller::Caller;
use engine::{Engine, Started};
use http::StatusCode;

use crate::error::Result;

/// 204 when its program runs, 304 when it ran already.
///
/// # Errors
/// A command that cannot be executed is 400, any other failed start 500, each with its cause.
pub(crate) async fn start(
    State(engine): State<Engine>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<StatusCode> {
    Ok(match engine.called_by(caller).start(&id).await? {
        Started::Now => StatusCode::NO_CONTENT,
        Started::Already => StatusCode::NOT_MODIFIED,
    })
}
