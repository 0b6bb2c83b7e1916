//! `PUT|GET /containers/{id}/archive`: files into a container before its start,
//! and what a build container left behind.

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use docker_api::archive::{PATH_STAT_HEADER, PathStat};
use engine::Engine;
use http::{HeaderName, StatusCode, header};
use serde::Deserialize;

use crate::body;
use crate::error::Result;

#[derive(Debug, Deserialize)]
pub(crate) struct Parameters {
    path: String,
}

/// 200 when the tar, compressed or not, is kept.
///
/// # Errors
/// An unknown container is 404, one that runs 409, a broken tar 400.
pub(crate) async fn put(
    State(engine): State<Engine>,
    Path(id): Path<String>,
    Query(parameters): Query<Parameters>,
    content: Body,
) -> Result<StatusCode> {
    engine
        .upload(&id, &parameters.path, body::reader(content))
        .await?;
    Ok(StatusCode::OK)
}

/// 200 with a tar.
///
/// # Errors
/// An unknown container or path is 404, a container that has not ended 409.
pub(crate) async fn get(
    State(engine): State<Engine>,
    Path(id): Path<String>,
    Query(parameters): Query<Parameters>,
) -> Result<Response> {
    let (tar, ended) = engine.download(&id, &parameters.path).await?;
    let stat = PathStat::directory(&parameters.path, ended.to_string());
    let stat = STANDARD.encode(serde_json::to_string(&stat).unwrap_or_default());
    let headers = [
        (header::CONTENT_TYPE, "application/x-tar".to_owned()),
        (HeaderName::from_static(PATH_STAT_HEADER), stat),
    ];
    Ok((headers, body::body(tar)).into_response())
}
