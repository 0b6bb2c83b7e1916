//! THE route table of Docker's API, and the common parts of all its answers.

use std::time::Instant;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn, map_response};
use axum::response::Response;
use axum::routing::{MethodRouter, delete, get, head, post, put};
use docker_api::{API_VERSION, split_version};
use engine::Engine;
use tracing::Instrument;

use crate::error::ApiError;
use crate::path::{Version, with_one_segment};
use crate::{build, containers, images, info, not_implemented, ping, version};

/// One row of the table.
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, without a version, as Docker's documentation writes it.
    pub path: &'static str,
    /// The name of the operation in metrics.
    operation: &'static str,
    handler: fn() -> MethodRouter<Engine>,
}

/// The operation that answered, as an extension of the answers of the table's routes.
#[derive(Clone, Copy)]
pub(crate) struct Operated(pub(crate) &'static str);

macro_rules! routes {
    ($($method:ident $path:literal => $operation:literal $on:ident($handler:path),)*) => {
        [$(Route {
            method: Method::$method,
            path: $path,
            operation: $operation,
            handler: || $on($handler),
        }),*]
    };
}

/// THE table. Other paths are in [`crate::ABSENT`], or answered by `no_such_page`.
pub static ROUTES: [Route; 22] = routes! {
    HEAD   "/_ping"                    => "ping" head(ping::ping),
    GET    "/_ping"                    => "ping" get(ping::ping),
    GET    "/version"                  => "version" get(version::version),
    GET    "/info"                     => "info" get(info::info),
    POST   "/build"                    => "build" post(build::build),
    POST   "/images/create"            => "image_pull" post(images::pull::pull),
    GET    "/images/json"              => "image_list" get(images::list::list),
    GET    "/images/{name}/json"       => "image_inspect" get(images::inspect::inspect),
    DELETE "/images/{name}"            => "image_remove" delete(images::remove::remove),
    POST   "/containers/create"        => "container_create" post(containers::create::create),
    GET    "/containers/json"          => "container_list" get(containers::list::list),
    GET    "/containers/{id}/json"     => "container_inspect" get(containers::inspect::inspect),
    POST   "/containers/{id}/start"    => "container_start" post(containers::start::start),
    POST   "/containers/{id}/stop"     => "container_stop" post(containers::stop::stop),
    POST   "/containers/{id}/kill"     => "container_kill" post(containers::kill::kill),
    POST   "/containers/{id}/wait"     => "container_wait" post(containers::wait::wait),
    POST   "/containers/{id}/attach"   => "container_attach" post(containers::attach::attach),
    GET    "/containers/{id}/logs"     => "container_logs" get(containers::logs::logs),
    PUT    "/containers/{id}/archive"  => "archive_put" put(containers::archive::put),
    GET    "/containers/{id}/archive"  => "archive_get" get(containers::archive::get),
    HEAD   "/containers/{id}/archive"  => "archive_stat" head(containers::archive::stat),
    DELETE "/containers/{id}"          => "container_remove" delete(containers::remove::remove),
};

/// Returns Docker's API over an engine.
pub fn router(engine: Engine) -> Router {
    let routes = ROUTES.iter().fold(Router::new(), |router, route| {
        let operated = Operated(route.operation);
        let named = map_response(move |mut response: Response| {
            response.extensions_mut().insert(operated);
            std::future::ready(response)
        });
        router.route(route.path, (route.handler)().route_layer(named))
    });
    let routes = not_implemented::routes(routes)
        .fallback(no_such_page)
        .method_not_allowed_fallback(no_such_page)
        .with_state(engine);
    like_dockers(routes)
}

/// Returns the routes with what all answers of Docker's have in common.
pub(crate) fn like_dockers(routes: Router) -> Router {
    // The layer is around the router, not in it: the version must be removed before a route is chosen.
    Router::new()
        .fallback_service(routes)
        .layer(from_fn(like_docker))
        .layer(from_fn(in_span))
}

/// Runs a call in a span, so that its log lines name its container.
pub(crate) async fn in_span(request: Request, next: Next) -> Response {
    next.run(request).instrument(engine::span()).await
}

/// Returns Docker's answer for an unknown path, and for a known path with another method.
async fn no_such_page() -> ApiError {
    ApiError::no_such_page()
}

/// Handles the common parts of all calls: any version, Docker's headers, and a line in the log.
async fn like_docker(mut request: Request, next: Next) -> Response {
    let whole = request.uri().path_and_query().map_or("/", |whole| whole.as_str());
    let (version, whole) = split_version(whole);
    let whole = with_one_segment(request.method(), whole);
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
