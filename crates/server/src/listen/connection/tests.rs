//! Heads that are too long, too slow, or too many.

use axum::body::Body;
use axum::routing::{get, put};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use super::*;
use crate::limits::HEAD_SECS;
use crate::listen::Connections;

const HEAD_LIMIT: Duration = Duration::from_secs(HEAD_SECS.most);
const IDLE_LIMIT: Duration = Duration::from_secs(IDLE_SECS.most);

async fn connected() -> DuplexStream {
    connected_to(&Connections::default()).await
}

async fn connected_to(connections: &Connections) -> DuplexStream {
    let (client, server) = tokio::io::duplex(2 * HEAD_BYTES.amount());
    let slow = async || {
        tokio::time::sleep(IDLE_LIMIT * 1000).await;
        "done"
    };
    let kept = async |body: Body| {
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        bytes.len().to_string()
    };
    let watched = async |calls: Calls| {
        calls.end_when_gone();
        tokio::time::sleep(HEAD_LIMIT).await;
        "done"
    };
    let slow_too = async || {
        tokio::time::sleep(HEAD_LIMIT).await;
        "done"
    };
    let router = Router::new()
        .route("/slow", get(slow_too))
        .route("/watched", get(watched))
        .route("/", get(slow))
        .route("/ping", get(async || "pong"))
        .route("/kept", put(kept));
    let place = connections.admit(None).await.unwrap();
    tokio::spawn(serve(server, Caller::LOCAL, router, place));
    client
}

async fn status(client: &mut DuplexStream) -> String {
    let mut answer = [0; 12];
    client.read_exact(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

async fn answer_to(request: &[u8]) -> String {
    let mut client = connected().await;
    client.write_all(request).await.unwrap();
    status(&mut client).await
}

/// Returns what comes until the connection is closed, which must be within that time.
async fn rest(client: &mut DuplexStream, limit: Duration) -> String {
    let mut answer = Vec::new();
    let read = tokio::time::timeout(limit, client.read_to_end(&mut answer)).await;
    read.expect("the connection ends in time").unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test(start_paused = true)]
async fn too_large_a_head_is_431() {
    let large = format!("GET / HTTP/1.1\r\nx: {}", "x".repeat(HEAD_BYTES.amount()));
    assert_eq!(answer_to(large.as_bytes()).await, "HTTP/1.1 431");
    let many = format!(
        "GET / HTTP/1.1\r\n{}\r\n",
        "a: b\r\n".repeat(HEADERS.amount() + 1)
    );
    assert_eq!(answer_to(many.as_bytes()).await, "HTTP/1.1 431");
}

#[tokio::test(start_paused = true)]
async fn a_head_that_does_not_end_is_given_up_and_an_answer_is_not() {
    for begun in ["", "GET / HTTP/1.1\r\n"] {
        let mut client = connected().await;
        client.write_all(begun.as_bytes()).await.unwrap();
        assert_eq!(rest(&mut client, HEAD_LIMIT * 2).await, "");
    }
    assert_eq!(answer_to(b"GET / HTTP/1.1\r\n\r\n").await, "HTTP/1.1 200");
}

#[tokio::test(start_paused = true)]
async fn a_connection_may_be_idle_for_long_and_then_the_next_head_must_not_be_slow() {
    let mut client = connected().await;
    for _ in 0..2 {
        client.write_all(b"GET /ping HTTP/1.1\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"pong") {
            answer.push(client.read_u8().await.unwrap());
        }
        tokio::time::sleep(IDLE_LIMIT - Duration::from_secs(1)).await;
    }
    client.write_all(b"GET /ping HTTP/1.1\r\n").await.unwrap();
    assert_eq!(rest(&mut client, HEAD_LIMIT * 2).await, "");
}

#[tokio::test(start_paused = true)]
async fn long_heads_share_what_memory_there_is_and_short_ones_do_not_need_it() {
    let connections = Connections::default();
    let long = format!("GET /ping HTTP/1.1\r\nx: {}", "x".repeat(HEAD_BYTES.amount() / 2));
    let mut open = Vec::new();
    let refused = loop {
        let mut client = connected_to(&connections).await;
        client.write_all(long.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
        let closed = tokio::time::timeout(Duration::from_millis(1), client.read_u8()).await;
        if closed.is_ok() {
            break open.len();
        }
        open.push(client);
        assert!(open.len() < 1000, "nothing bounds them");
    };
    assert!(refused > 100, "{refused}");
    let mut client = connected_to(&connections).await;
    client.write_all(b"GET /ping HTTP/1.1\r\n\r\n").await.unwrap();
    assert_eq!(status(&mut client).await, "HTTP/1.1 200");
    drop(open);
    tokio::time::sleep(Duration::from_millis(1)).await;
    let mut client = connected_to(&connections).await;
    client
        .write_all(format!("{long}\r\n\r\n").as_bytes())
        .await
        .unwrap();
    assert_eq!(status(&mut client).await, "HTTP/1.1 200");
}

#[tokio::test(start_paused = true)]
async fn a_body_is_no_head_however_long_and_slow_it_is() {
    let mut client = connected().await;
    let (piece, pieces) = ([0; 64 * 1024], 400);
    let head = format!(
        "PUT /kept HTTP/1.1\r\ncontent-length: {}\r\n\r\n",
        piece.len() * pieces
    );
    client.write_all(head.as_bytes()).await.unwrap();
    for _ in 0..pieces {
        client.write_all(&piece).await.unwrap();
        tokio::time::sleep(HEAD_LIMIT).await;
    }
    assert_eq!(status(&mut client).await, "HTTP/1.1 200");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_ends_with_its_client_loses_no_byte_of_the_next_one() {
    let mut client = connected().await;
    client.write_all(b"GET /watched HTTP/1.1\r\n\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    for piece in ["G", "ET /ping HTTP/1.1\r\n", "connection: close\r\n\r\n"] {
        client.write_all(piece.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let answers = rest(&mut client, HEAD_LIMIT * 2).await;
    assert!(answers.contains("done") && answers.ends_with("pong"), "{answers}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_closes_its_side_gets_its_answer_unless_the_call_ends_with_it() {
    for (path, answered) in [("/slow", true), ("/watched", false)] {
        let mut client = connected().await;
        let call = format!("GET {path} HTTP/1.1\r\n\r\n");
        client.write_all(call.as_bytes()).await.unwrap();
        client.shutdown().await.unwrap();
        let answer = rest(&mut client, HEAD_LIMIT * 2).await;
        assert_eq!(answer.ends_with("done"), answered, "{path}: {answer}");
    }
}
