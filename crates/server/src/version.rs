//! `GET /version`: what serves, and which versions of the API.

use axum::Json;
use docker_api::version::Version;

/// Asks nobody.
pub(crate) async fn version() -> Json<Version> {
    Json(Version::new(env!("CARGO_PKG_VERSION")))
}
