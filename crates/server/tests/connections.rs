//! Connections beyond their bounds, through real sockets: a process of its own, whose memory is measured.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use server::Connections;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Notify;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(5);
/// The time to watch for something that must not come.
const MOMENT: Duration = Duration::from_millis(150);

/// Starts a listener with `most` places for connections. Its waits last until they are ended.
async fn listen(most: usize) -> (SocketAddr, Arc<Notify>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let end = Arc::new(Notify::new());
    let ending = Arc::clone(&end);
    let router = Router::new()
        .route("/ping", get(async || "pong"))
        .route("/wait", get(async move || ending.notified().await));
    tokio::spawn(server::docker_listener(listener, router, Connections::new(most)));
    (address, end)
}

/// Connects from an address of this machine, of which there are many.
async fn connect(server: SocketAddr, last_byte: u8) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    let from: SocketAddr = format!("127.0.0.{last_byte}:0").parse().unwrap();
    socket.bind(from).unwrap();
    socket.connect(server).await.unwrap()
}

async fn call(server: SocketAddr, last_byte: u8, path: &str) -> TcpStream {
    let mut client = connect(server, last_byte).await;
    let request = format!("GET {path} HTTP/1.1\r\nconnection: close\r\n\r\n");
    client.write_all(request.as_bytes()).await.unwrap();
    client
}

async fn answer(client: &mut TcpStream) -> String {
    let mut answer = String::new();
    let read = timeout(PATIENCE, client.read_to_string(&mut answer)).await;
    read.expect("the answer ends").unwrap();
    answer
}

#[tokio::test]
async fn an_address_beyond_its_share_is_refused_at_once_and_others_wait_for_a_place() {
    let (server, end) = listen(8).await;
    let mut open = Vec::new();
    for last_byte in [2, 2, 3, 3, 4, 4, 5] {
        open.push(call(server, last_byte, "/wait").await);
    }
    tokio::time::sleep(MOMENT).await;
    let refused = answer(&mut call(server, 2, "/ping").await).await;
    let body = refused.split("\r\n\r\n").nth(1).unwrap();
    assert!(
        refused.starts_with("HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n"),
        "{refused}"
    );
    assert!(
        body.starts_with("{\"message\":\"this address has 2 connections, as many as one address may have;")
            && body.contains("max-connections")
            && body.ends_with("\"}\n"),
        "{body}"
    );
    assert!(
        answer(&mut call(server, 6, "/ping").await)
            .await
            .ends_with("pong")
    );
    // The eighth and last place.
    open.push(call(server, 5, "/wait").await);
    tokio::time::sleep(MOMENT).await;
    let mut waiting = call(server, 6, "/ping").await;
    assert!(timeout(MOMENT, waiting.read_u8()).await.is_err());
    end.notify_waiters();
    assert!(answer(&mut waiting).await.ends_with("pong"));
}

/// Returns the resident memory of this process, in KiB.
fn resident_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn requests_that_stop_in_their_head_hold_little_memory() {
    const CLIENTS: usize = 1000;
    let (server, _) = listen(4 * CLIENTS).await;
    let before = resident_kib();
    let mut open = Vec::new();
    for number in 0..CLIENTS {
        let length = if number % 2 == 0 { 100 } else { 100 * 1024 };
        let head = format!("GET /ping HTTP/1.1\r\nx: {}", "x".repeat(length));
        let mut client = connect(server, 2).await;
        // Some are closed: there is not as much memory for all of them.
        let _ = client.write_all(head.as_bytes()).await;
        open.push(client);
    }
    tokio::time::sleep(MOMENT).await;
    let each = resident_kib().saturating_sub(before) / CLIENTS;
    assert!(each <= 40, "{each} KiB each");
}
