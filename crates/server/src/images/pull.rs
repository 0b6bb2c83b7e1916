//! `POST /images/create?fromImage=…`: remembers an image that the cluster is to
//! pull. That it exists shows when a container of it starts.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use engine::Engine;
use http::header;
use serde::Deserialize;

use crate::error::{ApiError, Result};
use crate::query::Query;

/// `fromImage` may have the tag in it, or `tag` (a tag or a digest) beside it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Parameters {
    from_image: String,
    tag: String,
}

/// 200 with Docker's progress.
///
/// # Errors
/// A name that is none is 400.
pub(crate) async fn pull(
    State(engine): State<Engine>,
    Query(parameters): Query<Parameters>,
) -> Result<Response> {
    if parameters.from_image.is_empty() {
        return Err(ApiError::bad_request(
            "fromImage is missing: only pulling is supported here",
        ));
    }
    let name = match parameters.tag.as_str() {
        "" => parameters.from_image,
        digest if digest.contains(':') => format!("{}@{digest}", parameters.from_image),
        tag => format!("{}:{tag}", parameters.from_image),
    };
    let image = engine.pull(&name).await?;
    let lines = docker_api::image::pull_lines(&image.name);
    Ok(([(header::CONTENT_TYPE, "application/json")], lines).into_response())
}
