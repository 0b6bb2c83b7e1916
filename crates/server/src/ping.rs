//! `GET|HEAD /_ping`: shows that this process serves. It does not check the cluster: peers' health checks
//! call it, and operators use these for liveness.

use axum::response::IntoResponse;
use http::header;

/// Answers `OK`. `Builder-Version: 1` keeps Docker's client from using BuildKit.
pub(crate) async fn ping() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE.as_str(), "text/plain; charset=utf-8"),
        (
            header::CACHE_CONTROL.as_str(),
            "no-cache, no-store, must-revalidate",
        ),
        (header::PRAGMA.as_str(), "no-cache"),
        ("builder-version", "1"),
        ("swarm", "inactive"),
    ];
    (headers, "OK")
}
