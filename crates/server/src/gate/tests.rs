//! Calls before and after the gate is opened.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use engine::Engine;
use http::{HeaderMap, StatusCode};
use testkit::{FakeCluster, FakeStore};

use super::*;

fn docker() -> Router {
    let (cluster, store) = (Arc::new(FakeCluster::default()), Arc::new(FakeStore::default()));
    crate::docker(Engine::new(testkit::settings("test"), cluster, store))
}

async fn call(routes: Router, method: Method, path: &str) -> (StatusCode, HeaderMap, String) {
    let request = Request::builder().method(method).uri(path).body(Body::empty());
    let response = routes.oneshot(request.unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    (
        parts.status,
        parts.headers,
        String::from_utf8(body.to_vec()).unwrap(),
    )
}

#[tokio::test(start_paused = true)]
async fn pings_and_versions_are_answered_at_once_and_as_they_are_later() {
    let gate = Gate::default();
    for method in [Method::GET, Method::HEAD] {
        for path in ["/_ping", "/v1.44/_ping", "/version", "/v1.25/version"] {
            let early = call(gate.routes(), method.clone(), path).await;
            assert!(
                early.0 == StatusCode::OK && early.1.contains_key("api-version"),
                "{path}"
            );
            let later = call(docker(), method.clone(), path).await;
            assert_eq!(early, later, "{method} {path}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn other_calls_wait_until_the_gate_is_open() {
    let gate = Gate::default();
    let calls = [
        (Method::GET, "/v1.44/info", StatusCode::OK),
        (Method::POST, "/v1.44/_ping", StatusCode::NOT_FOUND),
        (Method::GET, "/images/absent/json", StatusCode::NOT_FOUND),
    ];
    let calls = calls.map(|(method, path, status)| {
        let routes = gate.routes();
        (
            status,
            tokio::spawn(async move { call(routes, method, path).await.0 }),
        )
    });
    tokio::time::sleep(Duration::from_secs(1000)).await;
    assert!(calls.iter().all(|(_, call)| !call.is_finished()));
    gate.open(docker());
    for (status, call) in calls {
        assert_eq!(call.await.unwrap(), status);
    }
    assert_eq!(call(gate.routes(), Method::GET, "/info").await.0, StatusCode::OK);
}
