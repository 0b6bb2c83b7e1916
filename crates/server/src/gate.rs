//! Docker's routes from the first moment of a process. Until the engine is there, pings and versions are answered
//! at once, and every other call waits. No call is refused because chainpod is starting.

use axum::Router;
use axum::extract::Request;
use axum::handler::HandlerWithoutStateExt;
use axum::response::Response;
use axum::routing::get;
use docker_api::split_version;
use http::Method;
use tokio::sync::watch;
use tower::ServiceExt;

use crate::router::like_dockers;
use crate::{ping, version};

/// The paths that need no engine.
const EARLY: [&str; 2] = ["/_ping", "/version"];

/// A gate before Docker's routes, closed until [`Gate::open`]. Cheap to clone.
#[derive(Clone, Default)]
pub struct Gate(watch::Sender<Option<Router>>);

impl Gate {
    /// Returns the routes for listeners, to be served from now on.
    pub fn routes(&self) -> Router {
        let gate = self.clone();
        let all = move |request: Request| gate.clone().answer(request);
        Router::new().fallback_service(all.into_service())
    }

    /// Lets all calls through to `routes`: the ones that wait, and those to come.
    pub fn open(&self, routes: Router) {
        self.0.send_replace(Some(routes));
    }

    async fn answer(self, request: Request) -> Response {
        let opened = self.0.borrow().clone();
        let routes = match opened {
            Some(routes) => routes,
            None if is_early(&request) => early(),
            None => self.opened().await,
        };
        let Ok(response) = routes.oneshot(request).await;
        response
    }

    async fn opened(&self) -> Router {
        let mut opened = self.0.subscribe();
        let opened = opened.wait_for(Option::is_some).await;
        // Invariant: the sender lives as long as `self`, and only an open gate ends the wait.
        opened.ok().and_then(|routes| routes.clone()).unwrap_or_default()
    }
}

fn is_early(request: &Request) -> bool {
    let (_, path) = split_version(request.uri().path());
    matches!(*request.method(), Method::GET | Method::HEAD) && EARLY.contains(&path)
}

/// Returns the routes that need no engine. They answer as they do later.
fn early() -> Router {
    let [ping, version] = EARLY;
    let routes = Router::new()
        .route(ping, get(ping::ping))
        .route(version, get(version::version));
    like_dockers(routes)
}

#[cfg(test)]
mod tests;
