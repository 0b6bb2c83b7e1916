//! `DELETE /images/{name}`: forgets a name, or an image by its id.

use axum::Json;
use axum::extract::{Path, State};
use docker_api::image::Removal;
use engine::{Engine, Removed};
use serde::Deserialize;

use crate::error::Result;
use crate::query::{Query, boolean};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Parameters {
    #[serde(deserialize_with = "boolean")]
    force: bool,
}

/// 200 with what is gone. Containers keep what they were made from.
///
/// # Errors
/// An unknown image is 404; one that a container was made from, or an id of several names, 409 unless forced.
pub(crate) async fn remove(
    State(engine): State<Engine>,
    Path(name): Path<String>,
    Query(parameters): Query<Parameters>,
) -> Result<Json<Vec<Removal>>> {
    let removed = engine.remove_image(&name, parameters.force).await?;
    let told = removed.into_iter().map(|removed| match removed {
        Removed::Name(name) => Removal::Untagged(name),
        Removed::Image(id) => Removal::Deleted(id.0),
    });
    Ok(Json(told.collect()))
}
