//! The two listeners: one for Docker clients (plain, with TLS, or on a unix socket), and one with TLS for
//! agents. Each connection has a task of its own, and does not wait for other connections.

mod connection;
mod endpoint;
mod tls;
mod unread_body;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use engine::caller::Caller;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use self::connection::{prepare, serve};
pub use self::endpoint::{Endpoint, Listener};
pub use self::tls::{Tls, TlsError, TlsFiles};

/// The pause after a failed accept. The usual cause is that file descriptors have run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// The time limit of a TLS handshake: a silent client holds a task and a file descriptor.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);

/// Serves Docker clients. Never ends.
pub async fn docker_listener(listener: impl Into<Listener>, router: Router) {
    let router = unread_body::told(router);
    match listener.into() {
        Listener::Tcp(listener, tls) => loop {
            if let Some((stream, address)) = accepted(listener.accept().await).await {
                prepare(&stream);
                let caller = Caller::at(address.ip());
                tokio::spawn(serve_tcp(stream, caller, tls.clone(), router.clone()));
            }
        },
        Listener::Unix(listener, _file) => loop {
            if let Some((stream, _)) = accepted(listener.accept().await).await {
                tokio::spawn(serve(stream, Caller::LOCAL, router.clone()));
            }
        },
    }
}

/// Serves agents. Never ends.
pub async fn agent_listener(listener: TcpListener, tls: Arc<ServerConfig>, router: Router) {
    let router = unread_body::told(router);
    loop {
        if let Some((stream, address)) = accepted(listener.accept().await).await {
            prepare(&stream);
            let caller = Caller::at(address.ip());
            tokio::spawn(serve_tls(stream, caller, Arc::clone(&tls), router.clone()));
        }
    }
}

async fn accepted<C>(accepted: std::io::Result<C>) -> Option<C> {
    match accepted {
        Ok(connection) => Some(connection),
        Err(error) => {
            tracing::warn!(%error, "cannot accept a connection");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

async fn serve_tcp(stream: TcpStream, caller: Caller, tls: Option<Arc<Tls>>, router: Router) {
    match tls {
        Some(tls) => serve_tls(stream, caller, tls.current().await, router).await,
        None => serve(stream, caller, router).await,
    }
}

async fn serve_tls(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    caller: Caller,
    tls: Arc<ServerConfig>,
    router: Router,
) {
    let handshake = TlsAcceptor::from(tls).accept(stream);
    match tokio::time::timeout(HANDSHAKE_LIMIT, handshake).await {
        Ok(Ok(stream)) => serve(stream, caller, router).await,
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => tracing::debug!("a TLS handshake took too long"),
    }
}
