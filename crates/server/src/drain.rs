//! Shutdown: builds and launches that are open when the process must end may finish, and their further calls
//! are served. A counter around Docker's routes does this.

use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use docker_api::split_version;
use http::Method;
use tokio::sync::watch;
use tokio::time::Instant;

/// The time limit of a build, by the peer's own clock. A build does not begin if less than this time is left
/// until the deadline.
const BUILD_LIMIT: Duration = Duration::from_secs(300);
/// The longest pause that is expected between two calls of a launch (create, upload, start, and then the
/// chaincode's registration). A peer takes milliseconds, or somewhat longer under load.
const PAUSE_LIMIT: Duration = Duration::from_secs(2);

/// A counter of open builds and launches that reports when there are none. Cheap to clone.
#[derive(Clone, Default)]
pub struct Drain(watch::Sender<State>);

#[derive(Default)]
struct State {
    open: usize,
    /// The time at which the last build or launch ended.
    last_end: Option<Instant>,
    /// The time at which the process ends, even if calls are open.
    deadline: Option<Instant>,
}

/// The kind of work that a call is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Build,
    Launch,
    Neither,
}

/// One open call; dropping it closes the call.
struct Open(Drain);

impl Drain {
    /// The time limit of a shutdown. A peer gives up an install or a start after 300 s. The remaining time is
    /// for its report.
    pub const LIMIT: Duration = Duration::from_secs(330);

    /// Counts the calls to these routes of Docker's API.
    pub fn around(&self, router: Router) -> Router {
        let drain = self.clone();
        router.layer(from_fn(move |request, next| drain.clone().pass(request, next)))
    }

    /// Holds back builds that cannot finish in time, from now on. Returns when all builds and launches have
    /// ended, or after [`Drain::LIMIT`], with the number of builds and launches that are still open.
    pub async fn drained(&self) -> usize {
        let deadline = Instant::now() + Self::LIMIT;
        self.0.send_modify(|state| state.deadline = Some(deadline));
        // The number shows whether the deadline has passed.
        let _ = tokio::time::timeout_at(deadline, self.quiet()).await;
        self.open()
    }

    /// Returns the number of builds and launches that are open now.
    #[must_use]
    pub fn open(&self) -> usize {
        self.0.borrow().open
    }

    /// Returns when no build or launch is open, and the last call ended at least [`PAUSE_LIMIT`] ago.
    async fn quiet(&self) {
        let mut states = self.0.subscribe();
        loop {
            let quiet_at = {
                let state = states.borrow_and_update();
                let now = Instant::now();
                (state.open == 0).then(|| state.last_end.map_or(now, |end| end + PAUSE_LIMIT))
            };
            // A change never fails: `self` holds the sender.
            match quiet_at {
                Some(at) if tokio::time::timeout_at(at, states.changed()).await.is_err() => return,
                Some(_) => {}
                None => states.changed().await.unwrap_or_default(),
            }
        }
    }

    async fn pass(self, request: Request, next: Next) -> Response {
        let part = Part::of(request.method(), request.uri().path());
        let deadline = self.0.borrow().deadline;
        let _open = match part {
            Part::Neither => None,
            Part::Build if deadline.is_some_and(|end| Instant::now() + BUILD_LIMIT > end) => {
                tracing::info!("build held until the next chainpod starts");
                return std::future::pending().await;
            }
            Part::Build | Part::Launch => Some(self.begin()),
        };
        next.run(request).await
    }

    fn begin(&self) -> Open {
        self.0.send_modify(|state| state.open += 1);
        Open(self.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.0.send_modify(|state| {
            state.open -= 1;
            state.last_end = Some(Instant::now());
        });
    }
}

impl Part {
    fn of(method: &Method, path: &str) -> Self {
        let parts: Vec<_> = split_version(path).1.split('/').skip(1).collect();
        match (method, &parts[..]) {
            (&Method::POST, ["build"]) => Self::Build,
            (&Method::POST, ["containers", "create"] | ["containers", _, "start"])
            | (&Method::PUT, ["containers", _, "archive"]) => Self::Launch,
            _ => Self::Neither,
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::{get, post};
    use http::StatusCode;
    use tower::ServiceExt;

    use super::*;

    /// Returns routes on which builds take `seconds`.
    fn routes(drain: &Drain, seconds: u64) -> Router {
        let build = post(async move || tokio::time::sleep(Duration::from_secs(seconds)).await);
        let routes = Router::new()
            .route("/build", build)
            .route("/_ping", get(async || {}));
        drain.around(routes)
    }

    fn call(routes: &Router, method: Method, path: &str) -> tokio::task::JoinHandle<StatusCode> {
        let request = Request::builder().method(method).uri(path).body(Body::empty());
        let answer = routes.clone().oneshot(request.unwrap());
        tokio::spawn(async { answer.await.unwrap().status() })
    }

    async fn seconds(after: u64) {
        tokio::time::sleep(Duration::from_secs(after)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_build_or_launch_it_ends_at_once() {
        let (drain, started) = (Drain::default(), Instant::now());
        let routes = routes(&drain, 0);
        call(&routes, Method::GET, "/_ping").await.unwrap();
        assert_eq!(drain.drained().await, 0);
        assert_eq!(started.elapsed().as_secs(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn an_open_build_ends_and_other_calls_are_served_meanwhile() {
        let (drain, started) = (Drain::default(), Instant::now());
        let routes = routes(&drain, 100);
        let build = call(&routes, Method::POST, "/build");
        seconds(1).await;
        let ending = tokio::spawn({
            let drain = drain.clone();
            async move { drain.drained().await }
        });
        seconds(10).await;
        assert_eq!(drain.open(), 1);
        assert_eq!(
            call(&routes, Method::GET, "/_ping").await.unwrap(),
            StatusCode::OK
        );
        assert_eq!(ending.await.unwrap(), 0);
        assert_eq!(build.await.unwrap(), StatusCode::OK);
        assert_eq!(started.elapsed(), Duration::from_secs(100) + PAUSE_LIMIT);
    }

    #[tokio::test(start_paused = true)]
    async fn a_build_that_cannot_end_in_time_is_held_and_one_that_can_is_begun() {
        let (drain, started) = (Drain::default(), Instant::now());
        let routes = routes(&drain, 299);
        let open = call(&routes, Method::POST, "/build");
        seconds(1).await;
        let ending = tokio::spawn({
            let drain = drain.clone();
            async move { drain.drained().await }
        });
        seconds(20).await;
        let in_time = call(&routes, Method::POST, "/build");
        seconds(20).await;
        let late = call(&routes, Method::POST, "/build");
        seconds(1).await;
        assert_eq!(drain.open(), 2);
        assert_eq!(ending.await.unwrap(), 0);
        assert_eq!(open.await.unwrap(), StatusCode::OK);
        assert_eq!(in_time.await.unwrap(), StatusCode::OK);
        assert!(started.elapsed() < Drain::LIMIT);
        assert!(!late.is_finished());
        late.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn what_never_ends_is_left_after_the_limit() {
        let (drain, started) = (Drain::default(), Instant::now());
        let build = call(&routes(&drain, 10_000), Method::POST, "/build");
        seconds(1).await;
        assert_eq!(drain.drained().await, 1);
        assert_eq!(started.elapsed().as_secs(), Drain::LIMIT.as_secs() + 1);
        build.abort();
    }

    #[test]
    fn a_launch_is_create_upload_and_start() {
        for (method, path, part) in [
            (Method::POST, "/v1.47/containers/create", Part::Launch),
            (Method::PUT, "/containers/a/archive", Part::Launch),
            (Method::POST, "/containers/a/start", Part::Launch),
            (Method::POST, "/v1.47/build", Part::Build),
            (Method::GET, "/containers/a/archive", Part::Neither),
            (Method::POST, "/containers/a/wait", Part::Neither),
            (Method::POST, "/build/prune", Part::Neither),
        ] {
            assert_eq!(Part::of(&method, path), part, "{method} {path}");
        }
    }
}
