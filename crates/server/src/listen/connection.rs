//! Serves one connection: HTTP/1.1 with limits that no peer reaches.

use std::time::Duration;

use axum::Router;
use engine::caller::Caller;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tower::util::MapRequest;

/// The limit of a request's line and headers. Docker clients send the passwords of all their registries with
/// a build, a few KiB each. It also limits the bytes of a body that a connection buffers.
const HEAD_BYTES: usize = 128 * 1024;
/// The limit of a request's number of headers: Docker clients send about ten.
const HEADERS: usize = 100;
/// The time limit for the headers of a connection's next request. It is dockerd's own, and longer than all
/// known clients keep an idle connection (90 s), so that no client uses a connection that is just being
/// closed. Bodies and answers have no limit: builds are idle for minutes, and waits last for months.
const HEAD_LIMIT: Duration = Duration::from_mins(5);
/// The interval of the probes to a silent client. It is Go's default, which dockerd uses. A client's machine
/// may have vanished during a wait of months.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// Sets the options of a TCP connection. A connection without these options can also be served.
pub(super) fn prepare(stream: &TcpStream) {
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE);
    let set = stream
        .set_nodelay(true)
        .and_then(|()| SockRef::from(stream).set_tcp_keepalive(&keepalive));
    if let Err(error) = set {
        tracing::debug!(%error, "cannot set a connection's options");
    }
}

/// Serves one connection, and adds its caller to each request. A client that closes its own side still gets
/// its answer: go-dockerclient closes its side on attach.
pub(super) async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    caller: Caller,
    router: Router,
) {
    let called = MapRequest::new(router, move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(caller);
        request
    });
    let connection = http1::Builder::new()
        .half_close(true)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEADERS)
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_LIMIT)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(called))
        .with_upgrades();
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection ended");
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

    use super::*;

    fn connected() -> DuplexStream {
        let (client, server) = tokio::io::duplex(2 * HEAD_BYTES);
        let slow = async || {
            tokio::time::sleep(HEAD_LIMIT * 1000).await;
            "done"
        };
        let router = Router::new().route("/", get(slow));
        tokio::spawn(serve(server, Caller::LOCAL, router));
        client
    }

    async fn answer_to(request: &[u8]) -> String {
        let mut client = connected();
        client.write_all(request).await.unwrap();
        let mut answer = [0; 12];
        client.read_exact(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    #[tokio::test(start_paused = true)]
    async fn too_large_a_head_is_431() {
        let large = format!("GET / HTTP/1.1\r\nx: {}", "x".repeat(HEAD_BYTES));
        assert_eq!(answer_to(large.as_bytes()).await, "HTTP/1.1 431");
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(HEADERS + 1));
        assert_eq!(answer_to(many.as_bytes()).await, "HTTP/1.1 431");
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_does_not_end_is_given_up_and_an_answer_is_not() {
        let mut client = connected();
        client.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
        let mut answer = Vec::new();
        tokio::time::timeout(HEAD_LIMIT * 2, client.read_to_end(&mut answer))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(answer, b"");
        assert_eq!(answer_to(b"GET / HTTP/1.1\r\n\r\n").await, "HTTP/1.1 200");
    }
}
