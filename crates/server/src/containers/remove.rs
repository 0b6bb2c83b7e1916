//! `DELETE /containers/{id}`: the container and all that was made for it.

use axum::extract::{Path, State};
use engine::Engine;
use http::StatusCode;

use crate::error::Result;
use crate::query::{Query, Removal};

/// 204 when it is gone.
///
/// # Errors
/// An unknown container is 404, one that runs and is not forced 409.
pub(crate) async fn remove(
    State(engine): State<Engine>,
    Path(id): Path<String>,
    Query(parameters): Query<Removal>,
) -> Result<StatusCode> {
    engine.remove(&id, parameters.force).await?;
    Ok(StatusCode::NO_CONTENT)
}
