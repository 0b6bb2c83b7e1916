//! `DELETE /containers/{id}`: removes the container and everything that was made for it.

use axum::extract::{Path, State};
use engine::Engine;
use http::StatusCode;

use crate::error::Result;
use crate::query::{Query, Removal};

/// Answers 204 when it is removed.
///
/// # Errors
/// Returns 404 for an unknown container, and 409 for a running one without `force`.
pub(crate) async fn remove(
    State(engine): State<Engine>,
    Path(id): Path<String>,
    Query(parameters): Query<Removal>,
) -> Result<StatusCode> {
    engine.remove(&id, parameters.force).await?;
    Ok(StatusCode::NO_CONTENT)
}
