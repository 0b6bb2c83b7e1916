//! Containers whose Pods are gone, though no process of chainpod saw them go: it was not running, and the
//! first list of Pods does not show what is missing.

use std::collections::HashSet;
use std::sync::Arc;

use tracing::Instrument;

use crate::engine::span::is_about;
use crate::engine::{AWAY, Engine, Live, span};
use crate::life::Transition;
use crate::name::PodName;
use crate::phase::Phase;
use crate::ports::ClusterError;

impl Engine {
    /// Ends all containers that are live on their records and have no Pod. Call this once all records have been
    /// listed for the first time. From then on, the watch reports Pods that go. Waits for the API server as
    /// long as it is away.
    pub async fn end_vanished(&self) {
        // The Pod of a start that this process makes may not be there yet.
        let may_lack_pod = |live: &Arc<Live>| {
            let container = &live.seen().record.container;
            container.phase == Phase::Running
                || (container.phase == Phase::Starting && !self.is_ours(container))
        };
        let live = self.0.index.all().into_iter().filter(may_lack_pod);
        let expected: Vec<_> = live.map(|live| (live.record(), live)).collect();
        if expected.is_empty() {
            return;
        }
        // Every Pod was made before its container was live here, so this list has it if it is still there.
        let Some(pods) = self.pod_names().await else {
            return;
        };
        for (record, live) in expected {
            if pods.contains(&record.pod_name()) {
                continue;
            }
            let start = record.container.starts;
            let vanished = Transition::Vanished {
                start,
                holder: record.container.holder,
                asked: live.is_told_to_end(start),
            };
            let ending = async {
                is_about(&live.record().container);
                self.enact(&live, vanished).await;
                live.set_pod_ended(start);
            };
            ending.instrument(span()).await;
        }
    }

    /// Returns the names of all Pods, or none if the API server refuses to list them.
    async fn pod_names(&self) -> Option<HashSet<PodName>> {
        let may_pass = |error: &ClusterError| {
            tracing::warn!(%error, "cannot list the pods");
            matches!(error, ClusterError::Unavailable(_))
        };
        let listed = AWAY.run(|| self.0.cluster.pod_names(self.scope()), may_pass);
        listed.await.ok()
    }
}
