//! `GET /containers/{id}/logs`: sends the output of the container's program as frames, and follows it while
//! the program runs.

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

use crate::calls::Calls;
use crate::error::{ApiError, Result};
use crate::path::Version;
use crate::query::{Query, boolean, moment};

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

/// Answers 200 at once. Kubernetes keeps both output streams as one, so a request for one stream gets both.
/// Following ends when the client is gone.
///
/// # Errors
/// Returns 404 for an unknown container, and 400 if neither stream is asked for or a time is invalid.
pub(crate) async fn logs(
    State(engine): State<Engine>,
    Extension(Version(version)): Extension<Version>,
    Path(id): Path<String>,
    calls: Calls,
    Query(parameters): Query<Parameters>,
) -> Result<Response> {
    // This is Docker's message.
    if !(parameters.stdout || parameters.stderr) {
        return Err(ApiError::bad_request(
            "Bad parameters: you must choose at least one stream",
        ));
    }
    let request = LogRequest {
        // As in Docker, a value that is not a number means all lines.
        tail: parameters.tail.parse().ok(),
        since: moment("since", &parameters.since)?,
        until: moment("until", &parameters.until)?,
        follow: parameters.follow,
    };
    if request.follow {
        calls.end_when_gone();
    }
    let tty = engine.inspect(&id).await?.container.spec.tty;
    let lines = engine.logs(&id, request).await?;
    // The pieces of a long line share one time, in front of the first.
    let mut begins = true;
    let frames = lines.map(move |line| {
        let timestamp = parameters.timestamps && begins;
        begins = line.is_end();
        Ok::<_, Infallible>(framed(&line, timestamp, tty))
    });
    let headers = [(header::CONTENT_TYPE, frame::media_type(version, tty))];
    Ok((headers, Body::from_stream(frames)).into_response())
}

/// Returns a line as a frame; a terminal's line has no frame.
fn framed(line: &LogLine, timestamp: bool, tty: bool) -> Bytes {
    let time = if timestamp {
        // Docker calls this format `RFC3339NanoFixed`.
        format!("{:.9} ", line.time)
    } else {
        String::new()
    };
    frame::framed(&time, &line.text, tty).into()
}
