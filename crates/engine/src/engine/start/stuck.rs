//! What keeps a Pod from running for longer than that is given.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use crate::engine::live::Seen;
use crate::engine::{Engine, Live};
use crate::failure::Cause;

/// How often it is asked what keeps a Pod waiting on its node: only Events say that, which nobody watches.
const ASK_EVERY: Duration = Duration::from_secs(5);

impl Engine {
    /// Waits until the Pod of the current start has been stuck for as long as its cause is given.
    pub(super) async fn stuck(&self, live: &Live) -> (u32, Cause) {
        loop {
            let of_current = |seen: &Seen| {
                let stuck = seen.stuck.clone();
                stuck.filter(|stuck| stuck.start == seen.record.container.starts)
            };
            let stuck = live.until(of_current).await;
            let limit = stuck.since + stuck.cause.patience(self.limits());
            let changed = live.until(|seen| (seen.stuck.as_ref() != Some(&stuck)).then_some(()));
            if timeout_at(limit, changed).await.is_err() {
                return (stuck.start, stuck.cause);
            }
        }
    }

    /// Waits until the Pod of the current start has waited on its node for as long as that is given.
    pub(super) async fn blocked(&self, live: &Live) -> (u32, Cause) {
        let mut since = None;
        loop {
            sleep(ASK_EVERY).await;
            let record = live.record();
            let start = record.container.starts;
            let blocked = match self.0.cluster.blocked(&record.pod_name()).await {
                Ok(blocked) => blocked.map(Cause::Blocked),
                Err(error) => {
                    tracing::debug!(%error, "cannot ask why a pod waits");
                    None
                }
            };
            let first = since.filter(|(known, _)| *known == start && blocked.is_some());
            let (_, first) = first.unwrap_or((start, Instant::now()));
            since = Some((start, first));
            if let Some(cause) = blocked.filter(|cause| first.elapsed() >= cause.patience(self.limits())) {
                return (start, cause);
            }
        }
    }
}
