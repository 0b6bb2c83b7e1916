//! Pods that go on after their program has ended. An agent reports the end and ends with its Pod a moment
//! later. But a program shares a Pod with its agent, may send the same report, and may leave processes behind.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use tracing::Instrument;

use super::POD_GRACE;
use crate::engine::{Engine, Live};
use crate::name::PodName;
use crate::phase::Phase;

/// Time in which a Pod must end after its program. An agent lingers for a second, and a busy kubelet reports the
/// end some seconds later.
const LINGER_LIMIT: Duration = Duration::from_secs(10);

impl Engine {
    /// Deletes the Pod of the `start`-th start, if its program has ended on the record and the Pod does not end
    /// in time. Returns at once.
    pub(super) fn end_lingering(&self, live: &Arc<Live>, start: u32) {
        let record = live.record();
        let has_ended = record.container.phase == Phase::Exited && record.container.starts == start;
        if !has_ended || live.seen().pod_ended >= start || !live.lingers.begin() {
            return;
        }
        let pod = PodName::new(&record.container.name, &record.uid, start);
        let (engine, live) = (self.clone(), Arc::clone(live));
        let ending = async move {
            // The Pod of a record that is gone is deleted with it.
            let ended = live.until(|seen| (seen.gone || seen.pod_ended >= start).then_some(()));
            if timeout(LINGER_LIMIT, ended).await.is_err() {
                tracing::warn!(%pod, "the pod goes on after its program has ended: deleting it");
                // Its deletion is not the cause of the program's end.
                live.set_told_to_end(start);
                // The error is logged. The kubelet's next report of this Pod tries again.
                let _ = engine.delete_pod(&pod, POD_GRACE).await;
            }
            live.lingers.end();
        };
        tokio::spawn(ending.in_current_span());
    }
}
