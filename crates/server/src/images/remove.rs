//! `DELETE /images/{name}`: forgets a name, or an image by its id.

use axum::Json;
use axum::extract::{Path, State};
use docker_api::image::Removal as Gone;
use engine::{Engine, Removed};

use crate::error::Result;
use crate::query::{Query, Removal};

/// 200 with what is gone. Containers keep what they were made from.
///
/// # Errors
/// An unknown image is 404; one that a container was made from, or an id of several names, 409 unless forced.
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
