//! `GET /images/{name}/json`: an image that was built or pulled here.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use docker_api::image::{ImageConfig, ImageInspect};
use docker_api::version::{ARCH, OS};
use engine::{Engine, Error};

use crate::error::Result;

/// 200; peers need no more than that and the id.
///
/// # Errors
/// `No such image: NAME` is 404: that text makes a peer build or pull.
pub(crate) async fn inspect(State(engine): State<Engine>, Path(path): Path<String>) -> Result<Response> {
    let name = path
        .strip_suffix("/json")
        .ok_or_else(|| Error::NoSuchImage(path.clone()))?;
    let image = engine.image(name).await?;
    let overlay = image.overlay.unwrap_or_default();
    let answer = ImageInspect {
        id: &image.id.0,
        repo_tags: vec![&image.name],
        architecture: ARCH,
        os: OS,
        size: overlay.size_bytes,
        config: ImageConfig {
            env: &overlay.env,
            cmd: &overlay.cmd,
            entrypoint: &overlay.entrypoint,
            working_dir: &overlay.working_dir,
            user: &overlay.user,
            labels: &overlay.labels,
        },
    };
    Ok(Json(answer).into_response())
}
