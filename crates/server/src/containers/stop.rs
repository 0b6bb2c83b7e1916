//! `POST /containers/{id}/stop`: SIGTERM, and SIGKILL after a while.

use std::time::Duration;

use axum::extract::{Path, State};
use engine::{Engine, Stopped};
use http::StatusCode;
use serde::Deserialize;

use crate::error::Result;
use crate::query::Query;

/// Docker's default.
const DEFAULT_GRACE_SECS: i64 = 10;
/// A negative `t` means to wait for ever; that is a year here.
const NO_LIMIT: Duration = Duration::from_secs(365 * 24 * 60 * 60);

#[derive(Debug, Deserialize)]
pub(crate) struct Parameters {
    t: Option<i64>,
}

/// 204 when its program has ended, 304 when none ran.
///
/// # Errors
/// An unknown container is 404.
pub(crate) async fn stop(
    State(engine): State<Engine>,
    Path(id): Path<String>,
    Query(parameters): Query<Parameters>,
) -> Result<StatusCode> {
    let grace_secs = parameters.t.unwrap_or(DEFAULT_GRACE_SECS);
    let grace = u64::try_from(grace_secs).map_or(NO_LIMIT, Duration::from_secs);
    Ok(match engine.stop(&id, grace).await? {
        Stopped::Now => StatusCode::NO_CONTENT,
        Stopped::Already => StatusCode::NOT_MODIFIED,
    })
}
