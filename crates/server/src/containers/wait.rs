//! `POST /containers/{id}/wait`: how the container's program ends.

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use docker_api::WaitBody;
use engine::{Engine, WaitCondition};
use futures::FutureExt;
use http::header;
use serde::Deserialize;

use crate::error::{ApiError, Result};
use crate::query::Query;

#[derive(Debug, Deserialize)]
pub(crate) struct Parameters {
    condition: Option<String>,
}

/// 200 at once, the body when it is over: after months, if need be.
///
/// # Errors
/// An unknown container is 404, an unknown condition 400.
pub(crate) async fn wait(
    State(engine): State<Engine>,
    Path(id): Path<String>,
    Query(parameters): Query<Parameters>,
) -> Result<Response> {
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
