//! `DELETE /images/{name}`: removes a name, or an image by its id.

use axum::Json;
use axum::extract::{Path, State};
use docker_api::image::Removal as Gone;
use engine::{Engine, Removed};

use crate::error::Result;
use crate::query::{Query, Removal};

/// Answers 200 with the removed names and images. Containers keep the image that they were made from.
///
/// # Errors
/// Returns 404 for an unknown image. Without `force`, returns 409 for an image that a container was made
/// from, and for the id of an image with several names.
pub(crate) async fn remove(
    State(engine): State<Engine>,
    Path(name): Path<String>,
    Query(parameters): Query<Removal>,
) -> Result<Json<Vec<Gone>>> {
    let removed = engine.remove_image(&name, parameters.force).await?;
    let told = removed.into_iter().map(|removed| match removed {
        Removed::Name(name) => Gone::Untagged(name),
        Removed::Image(id) => Gone::Deleted(id.0),
    });
    Ok(Json(told.collect()))
}
