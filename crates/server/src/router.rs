//! THE route table of Docker's API, and what every answer of it has in common.

use std::time::Instant;

use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, head, post, put};
use axum::{Json, Router};
use docker_api::{API_VERSION, ErrorBody, split_version};
use engine::Engine;
use tracing::Instrument;

use crate::{build, containers, images, ping, version};

/// One row of the table.
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, without a version, as Docker's documentation writes it.
    pub path: &'static str,
    handler: fn() -> MethodRouter<Engine>,
}

macro_rules! routes {
    ($($method:ident $path:literal => $on:ident($handler:path),)*) => {
        [$(Route { method: Method::$method, path: $path, handler: || $on($handler) }),*]
    };
}

/// THE table. What is not in it is answered by [`no_such_page`].
pub static ROUTES: [Route; 16] = routes! {
    HEAD   "/_ping"                    => head(ping::ping),
    GET    "/_ping"                    => get(ping::ping),
    GET    "/version"                  => get(version::version),
    POST   "/build"                    => post(build::build),
    POST   "/images/create"            => post(images::pull::pull),
    GET    "/images/{name}/json"       => get(images::inspect::inspect),
    POST   "/containers/create"        => post(containers::create::create),
    POST   "/containers/{id}/start"    => post(containers::start::start),
    POST   "/containers/{id}/stop"     => post(containers::stop::stop),
    POST   "/containers/{id}/kill"     => post(containers::kill::kill),
    POST   "/containers/{id}/wait"     => post(containers::wait::wait),
    POST   "/containers/{id}/attach"   => post(containers::attach::attach),
    GET    "/containers/{id}/logs"     => get(containers::logs::logs),
    PUT    "/containers/{id}/archive"  => put(containers::archive::put),
    GET    "/containers/{id}/archive"  => get(containers::archive::get),
    DELETE "/containers/{id}"          => delete(containers::remove::remove),
};

/// NN of a path's `/v1.NN`; a client that says none means our own.
#[derive(Clone, Copy)]
pub(crate) struct Version(pub(crate) Option<u32>);

/// Docker's API over an engine.
pub fn router(engine: Engine) -> Router {
    let routes = ROUTES.iter().fold(Router::new(), |router, route| {
        router.route(&with_slashes(route.path), (route.handler)())
    });
    let routes = routes
        .fallback(no_such_page)
        .method_not_allowed_fallback(no_such_page)
        .with_state(engine);
    // Around the router, not in it: the version must be gone before a route is chosen.
    Router::new()
        .fallback_service(routes)
        .layer(from_fn(like_docker))
        .layer(from_fn(in_span))
}

/// The lines of a call name its container.
pub(crate) async fn in_span(request: Request, next: Next) -> Response {
    next.run(request).instrument(engine::span()).await
}

/// Image names have slashes: their route takes the rest of the path and cuts the last part off.
fn with_slashes(path: &str) -> String {
    match path.strip_suffix("{name}/json") {
        Some(start) => format!("{start}{{*name}}"),
        None => path.to_owned(),
    }
}

/// Docker's answer for an unknown path, and for a known one with another method.
async fn no_such_page() -> Response {
    let body = ErrorBody {
        message: "page not found".to_owned(),
    };
    (StatusCode::NOT_FOUND, Json(body)).into_response()
}

/// What all calls have in common: any version, Docker's headers, and a line in the log.
async fn like_docker(mut request: Request, next: Next) -> Response {
    let whole = request.uri().path_and_query().map_or("/", |whole| whole.as_str());
    let (version, whole) = split_version(whole);
    if let Ok(uri) = whole.parse::<Uri>() {
        *request.uri_mut() = uri;
    }
    request.extensions_mut().insert(Version(version));
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let started = Instant::now();
    let response = with_docker_headers(next.run(request).await);
    let (status, seconds) = (response.status().as_u16(), started.elapsed().as_secs_f64());
    tracing::debug!(%method, path, status, seconds, "answered");
    response
}

fn with_docker_headers(mut response: Response) -> Response {
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return response;
    }
    let headers = response.headers_mut();
    for (name, value) in [
        ("api-version", API_VERSION),
        ("docker-experimental", "false"),
        ("ostype", docker_api::version::OS),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(
        header::SERVER,
        HeaderValue::from_static(concat!("chainpod/", env!("CARGO_PKG_VERSION"), " (linux)")),
    );
    response
}
