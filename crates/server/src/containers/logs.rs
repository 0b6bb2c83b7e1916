//! `GET /containers/{id}/logs`: what the container's program has written, as
//! frames; followed while it runs.

use std::convert::Infallible;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use docker_api::frame;
use engine::ports::LogLine;
use engine::{Engine, LogRequest};
use futures::StreamExt;
use http::header;
use serde::Deserialize;

use crate::error::{ApiError, Result};
use crate::query::{Query, boolean, moment};
use crate::router::Version;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Parameters {
    #[serde(deserialize_with = "boolean")]
    follow: bool,
    #[serde(deserialize_with = "boolean")]
    stdout: bool,
    #[serde(deserialize_with = "boolean")]
    stderr: bool,
    #[serde(deserialize_with = "boolean")]
    timestamps: bool,
    since: String,
    until: String,
    tail: String,
}

/// 200 at once; Kubernetes keeps both streams as one, so either asks for all.
///
/// # Errors
/// An unknown container is 404; neither stream, or a time that is none, 400.
pub(crate) async fn logs(
    State(engine): State<Engine>,
    Extension(Version(version)): Extension<Version>,
    Path(id): Path<String>,
    Query(parameters): Query<Parameters>,
) -> Result<Response> {
    // Docker's text.
    if !(parameters.stdout || parameters.stderr) {
        return Err(ApiError::bad_request(
            "Bad parameters: you must choose at least one stream",
        ));
    }
    let request = LogRequest {
        // As in Docker, what is no number means all.
        tail: parameters.tail.parse().ok(),
        since: moment("since", &parameters.since)?,
        until: moment("until", &parameters.until)?,
        follow: parameters.follow,
    };
    let tty = engine.inspect(&id).await?.container.spec.tty;
    let lines = engine.logs(&id, request).await?;
    // The pieces of a long line have one time between them, before the first.
    let mut begins = true;
    let frames = lines.map(move |line| {
        let timestamp = parameters.timestamps && begins;
        begins = line.is_end();
        Ok::<_, Infallible>(framed(&line, timestamp, tty))
    });
    let headers = [(header::CONTENT_TYPE, frame::media_type(version, tty))];
    Ok((headers, Body::from_stream(frames)).into_response())
}

/// A line as a frame; a terminal's has none.
fn framed(line: &LogLine, timestamp: bool, tty: bool) -> Bytes {
    let time = if timestamp {
        // Docker's `RFC3339NanoFixed`.
        format!("{:.9} ", line.time)
    } else {
        String::new()
    };
    frame::framed(&time, &line.text, tty).into()
}
