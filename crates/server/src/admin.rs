//! The listener for the operator's tools, plain HTTP on a port of its own: liveness, readiness and metrics.
//! `/livez` does not check the API server, because a restart of chainpod would not repair it.

use std::fmt::Write;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{StatusCode, Uri};
use axum::routing::get;
use prometheus_client::encoding::prometheus_text::CONTENT_TYPE as TEXT;
use tokio::net::TcpListener;

use crate::listen::{Connections, docker_listener};
use crate::metrics::Metrics;
use crate::readiness::{Checked, Readiness};

/// Serves the operator's tools. Never ends.
pub async fn admin_listener(listener: TcpListener, router: Router) {
    docker_listener(listener, router, Connections::default()).await;
}

/// Returns the operator's routes.
pub fn router(readiness: Readiness, metrics: Metrics) -> Router {
    let told = move || async move { ([(CONTENT_TYPE, TEXT)], metrics.scrape().await) };
    Router::new()
        .route("/livez", get(async || "ok"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(told))
        .with_state(readiness)
}

/// Answers 200 if all checks pass, else 503 with the name of each failed check. `?verbose` always lists all
/// checks.
async fn readyz(State(readiness): State<Readiness>, uri: Uri) -> (StatusCode, String) {
    let checked = readiness.check().await;
    let is_ready = checked.iter().all(|checked| checked.result.is_ok());
    let is_verbose = uri.query().is_some_and(|query| {
        query
            .split('&')
            .any(|word| word.split('=').next() == Some("verbose"))
    });
    match (is_ready, is_verbose) {
        (true, false) => (StatusCode::OK, "ok".to_owned()),
        (true, true) => (StatusCode::OK, lines(&checked, "passed")),
        (false, _) => (StatusCode::SERVICE_UNAVAILABLE, lines(&checked, "failed")),
    }
}

/// Writes the checks as the API server's own `/readyz` does.
fn lines(checked: &[Checked], verdict: &str) -> String {
    let mut text = String::new();
    for Checked { name, result } in checked {
        // Writing to a `String` never fails.
        let _ = match result {
            Ok(()) => writeln!(text, "[+]{name} ok"),
            Err(why) => writeln!(text, "[-]{name} failed: {}", why.replace('\n', " ")),
        };
    }
    text + "readyz check " + verdict + "\n"
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::extract::Request;
    use tower::ServiceExt;

    use super::*;

    async fn get(readiness: &Readiness, path: &str) -> (u16, String) {
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let answer = router(readiness.clone(), Metrics::default())
            .oneshot(request)
            .await
            .unwrap();
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_ready_is_told_by_name() {
        let readiness = Readiness::of(&["store", "kubernetes", "records"]);
        readiness.set("store", async || Ok(()));
        readiness.set("kubernetes", std::future::pending);
        let told = "[+]store ok\n[-]kubernetes failed: no answer within 0.8 s\n\
                    [-]records failed: not yet: chainpod is starting\nreadyz check failed\n";
        assert_eq!(get(&readiness, "/readyz").await, (503, told.to_owned()));
        readiness.set("records", async || Err("one\ntwo".to_owned()));
        let (_, told) = get(&readiness, "/readyz?verbose").await;
        assert!(told.contains("[-]records failed: one two\n"), "{told}");
    }

    #[tokio::test]
    async fn what_is_ready_says_so_and_in_full_only_when_asked() {
        let readiness = Readiness::of(&["store"]);
        readiness.set("store", async || Ok(()));
        assert_eq!(get(&readiness, "/readyz").await, (200, "ok".to_owned()));
        let told = "[+]store ok\nreadyz check passed\n".to_owned();
        for path in ["/readyz?verbose", "/readyz?x&verbose=1"] {
            assert_eq!(get(&readiness, path).await, (200, told.clone()));
        }
    }

    #[tokio::test]
    async fn a_process_that_is_not_ready_lives() {
        let readiness = Readiness::of(&["store"]);
        assert_eq!(get(&readiness, "/livez").await, (200, "ok".to_owned()));
    }
}
