//! The two listeners: one for Docker clients (plain, with TLS, or on a unix socket), and one with TLS for
//! agents. Each connection has a task of its own, and does not wait for other connections.

mod bounded;
mod connection;
mod connections;
mod endpoint;
mod refusal;
mod tls;
mod unread_body;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use engine::caller::Caller;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use self::connection::{prepare, serve};
pub use self::connections::Connections;
use self::connections::Place;
pub use self::endpoint::{Endpoint, Listener};
use self::refusal::Refusal;
pub use self::tls::{Tls, TlsError, TlsFiles};
use crate::limits::HANDSHAKE_SECS;

/// The pause after a failed accept. The usual cause is that file descriptors have run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Serves Docker clients, with these places for connections. Never ends.
pub async fn docker_listener(listener: impl Into<Listener>, router: Router, connections: Connections) {
    let router = unread_body::told(router);
    match listener.into() {
        Listener::Tcp(listener, tls) => {
            let refusal = tls.is_none().then(|| Refusal::new(connections.share()));
            loop {
                if let Some((stream, caller, place)) = admitted(&listener, &connections, &refusal).await {
                    let router = router.clone();
                    // Each of the two takes only the memory that it needs.
                    match tls.clone() {
                        Some(tls) => tokio::spawn(async move {
                            serve_tls(stream, caller, tls.current().await, router, place).await;
                        }),
                        None => tokio::spawn(serve(stream, caller, router, place)),
                    };
                }
            }
        }
        Listener::Unix(listener, _file) => loop {
            if let Some((stream, _)) = accepted(listener.accept().await).await
                && let Some(place) = connections.admit(None).await
            {
                tokio::spawn(serve(stream, Caller::LOCAL, router.clone(), place));
            }
        },
    }
}

/// Serves agents, with these places for connections. Never ends.
pub async fn agent_listener(
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    router: Router,
    connections: Connections,
) {
    let router = unread_body::told(router);
    loop {
        if let Some((stream, caller, place)) = admitted(&listener, &connections, &None).await {
            tokio::spawn(serve_tls(stream, caller, Arc::clone(&tls), router.clone(), place));
        }
    }
}

/// Accepts a connection and waits for its place. Refuses it if its address has its share. Without a
/// [`Refusal`] it is closed without an answer, which would need a TLS handshake.
async fn admitted(
    listener: &TcpListener,
    connections: &Connections,
    refusal: &Option<Refusal>,
) -> Option<(TcpStream, Caller, Place)> {
    let (stream, address) = accepted(listener.accept().await).await?;
    match (connections.admit(Some(address.ip())).await, refusal) {
        (Some(place), _) => {
            prepare(&stream);
            Some((stream, Caller::at(address.ip()), place))
        }
        (None, Some(refusal)) => {
            refusal.answer(stream);
            None
        }
        (None, None) => None,
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

async fn serve_tls(stream: TcpStream, caller: Caller, tls: Arc<ServerConfig>, router: Router, place: Place) {
    let handshake = TlsAcceptor::from(tls).accept(stream);
    let limit = Duration::from_secs(HANDSHAKE_SECS.most);
    match tokio::time::timeout(limit, handshake).await {
        Ok(Ok(stream)) => serve(stream, caller, router, place).await,
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => tracing::debug!("a TLS handshake took too long"),
    }
}
