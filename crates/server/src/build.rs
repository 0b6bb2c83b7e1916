//! `POST /build`: an image from a streamed context.
//!
//! Peers open a build and leave the connection idle for the whole compilation, and they ignore errors inside
//! its progress. So there is no time limit, and the status is sent only when the build is over.

use std::collections::BTreeMap;
use std::convert::Infallible;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use engine::Engine;
use engine::caller::Caller;
use engine::ports::BuildRequest;
use futures::stream;
use http::header;
use serde::Deserialize;

use crate::body::reader;
use crate::error::{ApiError, Result};
use crate::path::Version;
use crate::query::{Query, boolean};

/// The parameters that matter; others are accepted and ignored.
#[derive(Debug, Deserialize)]
#[serde(default)]
pub(crate) struct Parameters {
    dockerfile: String,
    buildargs: String,
    labels: String,
    #[serde(deserialize_with = "boolean")]
    pull: bool,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            dockerfile: "Dockerfile".to_owned(),
            buildargs: String::new(),
            labels: String::new(),
            pull: false,
        }
    }
}

/// Answers 200 with the progress of a build that succeeded.
///
/// # Errors
/// Returns 400 for an invalid context, 501 for an instruction that needs a builder, and 403 for a base image
/// that is not allowed.
pub(crate) async fn build(
    State(engine): State<Engine>,
    Extension(Version(version)): Extension<Version>,
    Query(parameters): Query<Parameters>,
    Query(all): Query<Vec<(String, String)>>,
    Extension(caller): Extension<Caller>,
    body: Body,
) -> Result<Response> {
    let tags = all
        .into_iter()
        .filter(|(name, tag)| name == "t" && !tag.is_empty());
    let request = BuildRequest {
        tags: tags.map(|(_, tag)| tag).collect(),
        dockerfile: parameters.dockerfile,
        args: map("buildargs", &parameters.buildargs)?,
        labels: map("labels", &parameters.labels)?,
        pull: parameters.pull,
    };
    let built = engine.called_by(caller).build(&request, reader(body)).await?;
    tracing::info!(image = built.image.name, id = %built.image.id, "built");
    let id = (built.image.id.0.as_str(), built.image.id.short());
    let lines = docker_api::build::lines(version, &built.steps, id, &built.tags);
    let lines = stream::once(std::future::ready(Ok::<_, Infallible>(lines)));
    let progress = [(header::CONTENT_TYPE, "application/json")];
    Ok((progress, Body::from_stream(lines)).into_response())
}

/// Reads a JSON object of texts. Null values are left out: Docker takes those from its own environment.
fn map(name: &str, json: &str) -> Result<BTreeMap<String, String>> {
    if json.is_empty() {
        return Ok(BTreeMap::new());
    }
    let map: Option<BTreeMap<String, Option<String>>> =
        serde_json::from_str(json).map_err(|error| ApiError::bad_request(error).context(name))?;
    let map = map.unwrap_or_default();
    Ok(map
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect())
}
