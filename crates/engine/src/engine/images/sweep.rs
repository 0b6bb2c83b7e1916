//! Blobs that are not needed any more: uploads and outputs of containers that are gone, and parts of an
//! interrupted build.

use std::collections::HashSet;
use std::sync::atomic::Ordering;

use crate::engine::{AWAY, Engine};
use crate::image::Digest;

impl Engine {
    /// Reads all records and removes the blobs that no record and no image needs: leftovers of an earlier
    /// process. Waits for the API server. Call it once. No blob is removed before it.
    pub async fn sweep_all(&self) {
        while let Err(error) = self.know_all().await {
            tracing::warn!(%error, "cannot list the records: no unused blob is removed");
            tokio::time::sleep(AWAY.longest).await;
        }
        self.0.all_known.store(true, Ordering::Relaxed);
        self.sweep().await;
    }

    /// Removes the blobs that nothing needs, once all records are known.
    pub(in crate::engine) async fn sweep(&self) {
        if !self.0.all_known.load(Ordering::Relaxed) {
            return;
        }
        let needed = || -> HashSet<Digest> {
            let mut needed = HashSet::new();
            for live in self.0.index.all() {
                let container = live.record().container;
                needed.extend(container.inputs().chain(container.outputs.values()).cloned());
            }
            needed
        };
        match self.0.store.sweep(&needed).await {
            Ok(0) => {}
            Ok(count) => tracing::debug!(count, "removed unused blobs"),
            Err(error) => tracing::warn!(%error, "cannot remove unused blobs"),
        }
    }
}
