//! `POST /containers/{id}/stop`: sends SIGTERM, and SIGKILL after a grace period.

use std::time::Duration;

use axum::extract::{Path, State};
use engine::{Engine, Stopped};
use http::StatusCode;
use serde::Deserialize;

use crate::error::Result;
use crate::query::Query;

/// Docker's default.
const DEFAULT_GRACE_SECS: i64 = 10;
/// The grace period for a negative `t`, which means no limit: a year.
const NO_LIMIT: Duration = Duration::from_secs(365 * 24 * 60 * 60);

#[derive(Debug, Deserialize)]
pub(crate) struct Parameters {
    t: Option<i64>,
}

/// Answers 204 when its program has ended, and 304 if none ran.
///
/// # Errors
/// Returns 404 for an unknown container.
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
