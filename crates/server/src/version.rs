//! `GET /version`: describes the server and the versions of the API that it speaks.

use axum::Json;
use docker_api::version::Version;

/// Answers without asking the cluster or the store.
pub(crate) async fn version() -> Json<Version> {
    Json(Version::new(env!("CARGO_PKG_VERSION")))
}
