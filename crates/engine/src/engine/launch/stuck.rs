//! Pods that do not start to run within the time that their cause allows.

use std::mem::discriminant;
use std::time::Duration;

use tokio::time::{sleep, timeout_at};

use crate::engine::seen::Seen;
use crate::engine::{Engine, Live};
use crate::failure::Cause;

/// The interval between two requests for a Pod's Events and its agent's log, which are not watched.
const ASK_EVERY: Duration = Duration::from_secs(5);

impl Engine {
    /// Waits until the Pod of the current start has been stuck for as long as its cause allows.
    pub(in crate::engine) async fn stuck(&self, live: &Live) -> (u32, Cause) {
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

    /// Waits until the node or the agent has blocked the Pod of the current start for as long as the cause
    /// allows. Time in which this process did not run does not count, because an agent could not have reached
    /// it.
    pub(in crate::engine) async fn blocked(&self, live: &Live) -> (u32, Cause) {
        let mut kept = None;
        loop {
            sleep(ASK_EVERY).await;
            let record = live.record();
            let start = record.container.starts;
            let blocked = self.0.cluster.blocked(&record.pod_name()).await;
            let blocked = blocked.unwrap_or_else(|error| {
                tracing::debug!(%error, "cannot find out why a pod waits");
                None
            });
            let of = (start, blocked.as_ref().map(discriminant));
            kept = match kept {
                Some((known, time)) if known == of => Some((of, time + ASK_EVERY)),
                _ => Some((of, Duration::ZERO)),
            };
            let time = kept.map_or(Duration::ZERO, |(_, time)| time);
            if let Some(cause) = blocked.filter(|cause| time >= cause.patience(self.limits())) {
                return (start, cause);
            }
        }
    }
}
