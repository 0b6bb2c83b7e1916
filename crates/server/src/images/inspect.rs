//! `GET /images/{name}/json`: describes an image that was built or pulled here.

use axum::Json;
use axum::extract::{Path, State};
use docker_api::config::Config;
use docker_api::image::ImageInspect;
use engine::{Engine, NamedImage};

use super::by_digest;
use crate::error::Result;

/// Answers 200 with the description; peers read only the status and the id.
///
/// # Errors
/// Returns 404 with `No such image: NAME`: that text makes a peer build or pull.
pub(crate) async fn inspect(
    State(engine): State<Engine>,
    Path(name): Path<String>,
) -> Result<Json<ImageInspect>> {
    let NamedImage { image, names } = engine.named_image(&name).await?;
    let overlay = image.overlay.unwrap_or_default();
    let config = Config {
        user: overlay.user,
        env: Some(overlay.env),
        cmd: overlay.cmd,
        working_dir: overlay.working_dir,
        entrypoint: overlay.entrypoint,
        labels: Some(overlay.labels),
        ..Config::default()
    };
    let layers = overlay.layers.into_iter().map(|layer| layer.0).collect();
    let mut answer = ImageInspect::new(image.id.0, image.created.to_string(), config, layers);
    answer.size = overlay.size_bytes;
    (answer.repo_digests, answer.repo_tags) = by_digest(names);
    Ok(Json(answer))
}
