//! `PUT|GET|HEAD /containers/{id}/archive`: files into a container before its start,
//! and what a build container left behind.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use docker_api::archive::{PATH_STAT_HEADER, PathStat};
use engine::Engine;
use http::{HeaderName, StatusCode, header};
use jiff::Timestamp;
use serde::Deserialize;

use crate::body;
use crate::error::Result;
use crate::query::Query;

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
    let content_type = [(header::CONTENT_TYPE, "application/x-tar")];
    Ok((content_type, stat_of(&parameters.path, ended), body::body(tar)).into_response())
}

/// 200 with what the path is.
///
/// # Errors
/// As [`get`].
pub(crate) async fn stat(
    State(engine): State<Engine>,
    Path(id): Path<String>,
    Query(parameters): Query<Parameters>,
) -> Result<impl IntoResponse> {
    let (_, ended) = engine.download(&id, &parameters.path).await?;
    Ok(stat_of(&parameters.path, ended))
}

fn stat_of(path: &str, ended: Timestamp) -> [(HeaderName, String); 1] {
    let stat = PathStat::directory(path, ended.to_string());
    let stat = STANDARD.encode(serde_json::to_string(&stat).unwrap_or_default());
    [(HeaderName::from_static(PATH_STAT_HEADER), stat)]
}
