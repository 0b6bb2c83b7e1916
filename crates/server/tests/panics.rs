//! A panic ends its call alone: a process of its own, because the hook for panics is the process's.

use axum::body::{Body, to_bytes};
use axum::routing::get;
use axum::{Router, extract::Request};
use server::{Connections, Metrics, Readiness};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;

async fn panic() -> &'static str {
    panic!("a handler's bug")
}

async fn panics(metrics: &Metrics) -> String {
    let request = Request::get("/metrics").body(Body::empty()).unwrap();
    let admin = server::admin(Readiness::of(&[]), metrics.clone());
    let body = admin.oneshot(request).await.unwrap().into_body();
    let text = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
    let line = text
        .lines()
        .find(|line| line.starts_with("chainpod_panics_total "));
    line.unwrap().to_owned()
}

#[tokio::test]
async fn a_panic_is_500_is_counted_and_leaves_the_connection_and_others_alone() {
    let metrics = Metrics::default();
    server::note_panics(metrics.clone());
    assert_eq!(panics(&metrics).await, "chainpod_panics_total 0");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new()
        .route("/panic", get(panic))
        .route("/ping", get(async || "pong"));
    tokio::spawn(server::docker_listener(listener, router, Connections::default()));
    for _ in 0..2 {
        let mut client = TcpStream::connect(address).await.unwrap();
        let calls = "GET /panic HTTP/1.1\r\n\r\nGET /ping HTTP/1.1\r\nconnection: close\r\n\r\n";
        client.write_all(calls.as_bytes()).await.unwrap();
        let mut answers = String::new();
        client.read_to_string(&mut answers).await.unwrap();
        assert!(
            answers.starts_with("HTTP/1.1 500 Internal Server Error\r\ncontent-type: application/json\r\n"),
            "{answers}"
        );
        assert!(
            answers.contains("{\"message\":\"a bug in chainpod ended this call;"),
            "{answers}"
        );
        assert!(answers.ends_with("pong"), "{answers}");
    }
    assert_eq!(panics(&metrics).await, "chainpod_panics_total 2");
}
