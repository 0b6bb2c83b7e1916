//! `POST /build`: an image from a streamed context.
//!
//! Peers open a build and leave it idle for the whole compile, and ignore
//! errors inside its progress: so there is no time limit, and the status is
//! said when all is over.

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
use crate::query::{Query, boolean};
use crate::router::Version;

/// The parameters that matter; others are accepted.
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

/// 200 with the progress of a build that succeeded.
///
/// # Errors
/// A context that is not what it should be is 400, an instruction that needs a builder 501, a
/// base that is not allowed 403.
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

/// A JSON object of texts; null values are left out, as Docker takes them from its environment.
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
