//! `POST /containers/{id}/wait`: waits for the end of the container's program.

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use docker_api::WaitBody;
use engine::{Engine, WaitCondition};
use futures::FutureExt;
use http::header;
use serde::Deserialize;

use crate::calls::Calls;
use crate::error::{ApiError, Result};
use crate::query::Query;

#[derive(Debug, Deserialize)]
pub(crate) struct Parameters {
    condition: Option<String>,
}

/// Answers 200 at once, and sends the body when the wait is over, even if that takes months. Ends when the client is gone.
///
/// # Errors
/// Returns 404 for an unknown container, and 400 for an unknown condition.
pub(crate) async fn wait(
    State(engine): State<Engine>,
    Path(id): Path<String>,
    calls: Calls,
    Query(parameters): Query<Parameters>,
) -> Result<Response> {
    calls.end_when_gone();
    let condition = match parameters.condition.as_deref().unwrap_or_default() {
        "" | "not-running" => WaitCondition::NotRunning,
        "next-exit" => WaitCondition::NextExit,
        "removed" => WaitCondition::Removed,
        other => return Err(ApiError::bad_request(format!("invalid condition: {other:?}"))),
    };
    let exit = engine.wait(&id, condition).await?;
    let body = exit.map(|exit| {
        let body = WaitBody {
            status_code: exit.code,
        };
        Ok::<_, Infallible>(serde_json::to_string(&body).unwrap_or_default() + "\n")
    });
    let body = Body::from_stream(body.into_stream());
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}
