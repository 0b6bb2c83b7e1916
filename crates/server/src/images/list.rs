//! `GET /images/json`: lists the images that were built or pulled here.

use axum::Json;
use axum::extract::State;
use docker_api::image::ImageSummary;
use engine::{Engine, NamedImage};
use image_name::ImageName;
use serde::Deserialize;

use super::by_digest;
use crate::error::Result;
use crate::filters::Filters;
use crate::query::Query;

/// The filters for images.
const FILTERS: [&str; 2] = ["label", "reference"];

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Parameters {
    filters: String,
}

/// Answers 200, newest first.
///
/// # Errors
/// Returns 400 for an invalid filter.
pub(crate) async fn list(
    State(engine): State<Engine>,
    Query(parameters): Query<Parameters>,
) -> Result<Json<Vec<ImageSummary>>> {
    let filters = Filters::parse(&parameters.filters, &FILTERS)?;
    let images = engine.images().await?.into_iter();
    let summaries = images.map(summary).filter(|image| {
        let names = names(image);
        filters.any("reference", |asked| names.iter().any(|name| name == asked))
            && filters.labels(&image.labels)
    });
    Ok(Json(summaries.collect()))
}

/// Returns the names by which a client may ask for an image: its full names and their repositories.
fn names(image: &ImageSummary) -> Vec<String> {
    let whole = image.repo_tags.iter().chain(&image.repo_digests);
    let parsed = whole.clone().filter_map(|name| ImageName::parse(name).ok());
    whole
        .cloned()
        .chain(parsed.map(|name| name.repository()))
        .collect()
}

fn summary(NamedImage { image, names }: NamedImage) -> ImageSummary {
    let overlay = image.overlay.unwrap_or_default();
    let mut summary = ImageSummary::new(image.id.0, image.created.as_second());
    summary.size = overlay.size_bytes;
    summary.labels = overlay.labels;
    (summary.repo_digests, summary.repo_tags) = by_digest(names);
    summary
}
