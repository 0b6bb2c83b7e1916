//! `POST /images/create?fromImage=…`: records an image that the cluster pulls later. If the image is missing,
//! the start of its container fails.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use engine::Engine;
use http::header;
use image_name::ImageName;
use serde::Deserialize;

use crate::error::{ApiError, Result};
use crate::query::Query;

/// The parameters: the tag is in `fromImage`, or in `tag`, which may also be a digest.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Parameters {
    from_image: String,
    tag: String,
}

/// Answers 200 with Docker's progress.
///
/// # Errors
/// Returns 400 for an invalid name.
pub(crate) async fn pull(
    State(engine): State<Engine>,
    Query(parameters): Query<Parameters>,
) -> Result<Response> {
    if parameters.from_image.is_empty() {
        return Err(ApiError::bad_request(
            "fromImage is missing: chainpod pulls images and does not import them",
        ));
    }
    let (written, name) = name(&parameters).map_err(ApiError::bad_request)?;
    engine.pull(&written).await?;
    let lines = docker_api::image::pull_lines(&name);
    Ok(([(header::CONTENT_TYPE, "application/json")], lines).into_response())
}

/// Returns the full name, as written and as parsed. As in Docker, `fromImage` must also be a valid name by
/// itself.
fn name(Parameters { from_image, tag }: &Parameters) -> std::result::Result<(String, ImageName), String> {
    // Docker's command sends the colon to ask for all tags of a repository.
    let repository = from_image.strip_suffix(':').unwrap_or(from_image);
    let parsed = ImageName::parse(repository).map_err(|error| error.to_string())?;
    let written = match tag.as_str() {
        "" => repository.to_owned(),
        digest if digest.contains(':') => format!("{repository}@{digest}"),
        tag => format!("{repository}:{tag}"),
    };
    match ImageName::parse(&written) {
        // With `a` and the tag `1/2` the whole would name another repository.
        Ok(whole) if whole.repository() == parsed.repository() => Ok((written, whole)),
        _ => Err("invalid tag format".to_owned()),
    }
}
