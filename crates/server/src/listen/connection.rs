//! Serves one connection: HTTP/1.1 with limits that no peer reaches.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use engine::caller::Caller;
use futures::FutureExt;
use http::{Request, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tower::ServiceExt;

use super::bounded::Bounded;
use super::connections::Place;
use crate::calls::Calls;
use crate::limits::{HEAD_BYTES, HEADERS, IDLE_SECS};
use crate::panics::answered;

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

/// Serves one connection, and adds its caller to each request. A request that panics ends alone. A client that
/// closes its own side still gets its answer: go-dockerclient closes its side on attach. Bodies and answers have
/// no time limit here: builds are idle for minutes, and waits last for months.
pub(super) async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    caller: Caller,
    router: Router,
    place: Place,
) {
    let calls = Calls::default();
    let stream = Bounded::new(stream, place, calls.clone());
    let called = service_fn(move |mut request: Request<Incoming>| {
        calls.turn();
        request.extensions_mut().insert(caller);
        request.extensions_mut().insert(calls.clone());
        let (answer, calls) = (router.clone().oneshot(request), calls.clone());
        async move {
            let answer = answered(answer.map(|Ok(answer)| answer)).await;
            // After an upgrade, the connection has no further requests.
            if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
                calls.turn();
            }
            Ok::<_, Infallible>(answer)
        }
    });
    let connection = http1::Builder::new()
        .half_close(true)
        .max_buf_size(HEAD_BYTES.amount())
        .max_headers(HEADERS.amount())
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(IDLE_SECS.most))
        .serve_connection(TokioIo::new(stream), called)
        .with_upgrades();
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection ended");
    }
}

#[cfg(test)]
mod tests;
