//! `PUT|GET|HEAD /containers/{id}/archive`: uploads files to a container before its start, and downloads the
//! output of a build container.

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

/// Answers 200 when the tar, compressed or not, is stored.
///
/// # Errors
/// Returns 404 for an unknown container, 409 for a running one, and 400 for a broken tar.
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

/// Answers 200 with a tar.
///
/// # Errors
/// Returns 404 for an unknown container or path, and 409 for a container that has not ended.
pub(crate) async fn get(
    State(engine): State<Engine>,
    Path(id): Path<String>,
    Query(parameters): Query<Parameters>,
) -> Result<Response> {
    let (tar, ended) = engine.download(&id, &parameters.path).await?;
    let content_type = [(header::CONTENT_TYPE, "application/x-tar")];
    Ok((content_type, stat_of(&parameters.path, ended), body::body(tar)).into_response())
}

/// Answers 200 with the description of the path.
///
/// # Errors
/// Returns the same errors as [`get`].
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
