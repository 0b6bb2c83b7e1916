//! `GET /images/json`: the images that were built or pulled here.

use axum::Json;
use axum::extract::State;
use docker_api::image::ImageSummary;
use engine::{Engine, NamedImage};
use serde::Deserialize;

use super::by_digest;
use crate::error::Result;
use crate::filters::Filters;
use crate::query::Query;

/// What images can be filtered by.
const FILTERS: [&str; 2] = ["label", "reference"];

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Parameters {
    filters: String,
}

/// 200, newest first.
///
/// # Errors
/// A filter that is none is 400.
pub(crate) async fn list(
    State(engine): State<Engine>,
    Query(parameters): Query<Parameters>,
) -> Result<Json<Vec<ImageSummary>>> {
    let filters = Filters::parse(&parameters.filters, &FILTERS)?;
    let images = engine.images().await?.into_iter();
    let summaries = images.map(summary).filter(|image| {
        let is_named = |name: &str| {
            let names = image.repo_tags.iter().chain(&image.repo_digests);
            names.into_iter().any(|known| is_reference(known, name))
        };
        filters.any("reference", is_named) && filters.labels(&image.labels)
    });
    Ok(Json(summaries.collect()))
}

/// Whether a client means that image: by its whole name, or by its repository.
fn is_reference(known: &str, asked: &str) -> bool {
    let repository = known
        .rsplit_once(['@', ':'])
        .map_or(known, |(repository, _)| repository);
    known == asked || repository == asked
}

fn summary(NamedImage { image, names }: NamedImage) -> ImageSummary {
    let overlay = image.overlay.unwrap_or_default();
    let mut summary = ImageSummary::new(image.id.0, image.created.as_second());
    summary.size = overlay.size_bytes;
    summary.labels = overlay.labels;
    (summary.repo_digests, summary.repo_tags) = by_digest(names);
    summary
}
