//! The metrics, as Prometheus reads them. Labels that clients choose are bounded in length and number.

mod labels;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use engine::Engine;
use engine::container::Role;
use engine::phase::Phase;
use engine::ports::{Meter, News};
use prometheus_client::encoding::prometheus_text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry};
use tokio::sync::Mutex;

use self::labels::{Failure, Kind, OfRole, Operation, Running};
use crate::router::Operated;

/// The buckets of a launch in seconds: a Pod takes at least 0.3, and a start is given up after 270.
const LAUNCH_SECONDS: [f64; 13] = [0.25, 0.5, 0.75, 1., 1.5, 2., 3., 5., 10., 30., 60., 120., 300.];
/// The buckets of a build in seconds: a warm compiler takes 2, and peers give up after 300.
const BUILD_SECONDS: [f64; 11] = [1., 2., 5., 10., 20., 30., 60., 90., 120., 180., 300.];
/// The number of series for running containers. Further containers share one series for each role, so that
/// no client can fill Prometheus.
const MAX_SERIES: usize = 500;

/// One row of the table.
pub struct Row {
    /// The name that Prometheus shows.
    pub name: &'static str,
    /// The help text.
    pub help: &'static str,
}

macro_rules! rows {
    ($($name:ident $text:literal $help:literal)*) => {
        $(const $name: Row = Row { name: $text, help: $help };)*
        /// THE table of metrics, in the order of docs/metrics.md.
        pub static METRICS: &[Row] = &[$($name),*];
    };
}

rows! {
    BUILD_INFO "chainpod_build_info" "The running version"
    OPERATIONS "chainpod_operations_total" "Answered calls of Docker's API"
    LAUNCHES "chainpod_launch_duration_seconds" "Time from the start call to the running program, without failed starts"
    BUILDS "chainpod_build_duration_seconds" "Time from the build call, which peers open before they compile, to its image"
    FAILURES "chainpod_failures_total" "Failed starts and programs that ended badly, one for each Event of type Warning"
    RUNNING "chainpod_containers_running" "Containers whose program runs now"
    STORE_BYTES "chainpod_store_bytes" "Size of the blobs in the image store"
    RESTARTS "chainpod_watch_restarts_total" "Watches of the API server that broke and were started again"
    PANICS "chainpod_panics_total" "Panics, each of which is a bug and ended one call or task"
    MEMORY "process_resident_memory_bytes" "Resident memory of this process"
}

/// The metrics of one process. Cheap to clone.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    operations: Family<Operation, Counter>,
    launches: Family<OfRole, Histogram>,
    builds: Histogram,
    failures: Family<Failure, Counter>,
    restarts: Family<Kind, Counter>,
    panics: Counter,
    running: Family<Running, Gauge>,
    store_bytes: Gauge,
    memory: Gauge,
    /// The engine, which knows the running containers, once it exists.
    engine: OnceLock<Engine>,
    /// Only one scrape runs at a time, because each scrape sets the gauges.
    scrape: Mutex<()>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut inner = Inner {
            registry: Registry::default(),
            operations: Family::default(),
            launches: Family::new_with_constructor(|| Histogram::new(LAUNCH_SECONDS)),
            builds: Histogram::new(BUILD_SECONDS),
            failures: Family::default(),
            restarts: Family::default(),
            panics: Counter::default(),
            running: Family::default(),
            store_bytes: Gauge::default(),
            memory: Gauge::default(),
            engine: OnceLock::new(),
            scrape: Mutex::new(()),
        };
        inner.register(&BUILD_INFO, Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        inner.register(&OPERATIONS, inner.operations.clone());
        inner.register(&LAUNCHES, inner.launches.clone());
        inner.register(&BUILDS, inner.builds.clone());
        inner.register(&FAILURES, inner.failures.clone());
        inner.register(&RUNNING, inner.running.clone());
        inner.register(&STORE_BYTES, inner.store_bytes.clone());
        inner.register(&RESTARTS, inner.restarts.clone());
        inner.register(&PANICS, inner.panics.clone());
        inner.register(&MEMORY, inner.memory.clone());
        Self(Arc::new(inner))
    }
}

impl Inner {
    /// Registers a metric. The encoder appends the endings of its format to the names of counters and infos,
    /// so these endings are removed here.
    fn register(&mut self, row: &Row, metric: impl Metric) {
        let name = row.name.strip_suffix("_total").unwrap_or(row.name);
        let name = name.strip_suffix("_info").unwrap_or(name);
        self.registry.register(name, row.help, metric);
    }
}

impl Metrics {
    /// Makes scrapes report the containers and the store of that engine.
    pub fn tell_of(&self, engine: Engine) {
        // A process has only one engine.
        let _ = self.0.engine.set(engine);
    }

    /// Counts the answers of these routes of Docker's API.
    pub fn around(&self, router: Router) -> Router {
        let metrics = self.clone();
        router.layer(from_fn(move |request, next| metrics.clone().pass(request, next)))
    }

    async fn pass(self, request: Request, next: Next) -> Response {
        let response = next.run(request).await;
        if let Some(Operated(name)) = response.extensions().get() {
            let operation = Operation::of(name, response.status());
            self.0.operations.get_or_create(&operation).inc();
        }
        response
    }

    /// Counts a broken watch of that kind of objects.
    pub fn watch_broke(&self, kind: &'static str) {
        self.0.restarts.get_or_create(&Kind { kind }).inc();
    }

    pub(crate) fn count_panic(&self) {
        self.0.panics.inc();
    }

    /// Returns all metrics in Prometheus' text format.
    pub(crate) async fn scrape(&self) -> String {
        let inner = &self.0;
        let _alone = inner.scrape.lock().await;
        if let Some(engine) = inner.engine.get() {
            self.count_running(engine);
            match engine.store_bytes().await {
                Ok(bytes) => _ = inner.store_bytes.set(bytes.cast_signed()),
                Err(error) => tracing::debug!(%error, "the store's size is not known"),
            }
        }
        if let Some(bytes) = resident_bytes() {
            inner.memory.set(bytes);
        }
        let mut text = String::new();
        // Writing to a `String` never fails.
        let _ = prometheus_text::encode(&mut text, &inner.registry);
        text
    }

    fn count_running(&self, engine: &Engine) {
        let mut counts: HashMap<Running, i64> = HashMap::new();
        for record in engine.known() {
            let container = &record.container;
            if container.phase == Phase::Running {
                let labels = Running::of(container);
                let is_told = counts.len() < MAX_SERIES || counts.contains_key(&labels);
                let labels = if is_told {
                    labels
                } else {
                    Running::other(container)
                };
                *counts.entry(labels).or_default() += 1;
            }
        }
        self.0.running.clear();
        for (labels, count) in counts {
            self.0.running.get_or_create(&labels).set(count);
        }
    }
}

impl Meter for Metrics {
    fn launched(&self, of: Role, took: Duration) {
        let launches = self.0.launches.get_or_create(&OfRole { role: of.name() });
        launches.observe(took.as_secs_f64());
    }

    fn built(&self, took: Duration) {
        self.0.builds.observe(took.as_secs_f64());
    }

    fn told(&self, of: Role, news: &News) {
        if news.is_warning {
            let failure = Failure {
                cause: news.reason.clone(),
                role: of.name(),
            };
            self.0.failures.get_or_create(&failure).inc();
        }
    }
}

/// Returns `VmRSS` of this process, if the system reports it.
fn resident_bytes() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: i64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests;
