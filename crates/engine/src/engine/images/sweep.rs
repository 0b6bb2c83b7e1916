//! Blobs that nobody needs any more: what was put into containers that are
//! gone, what they left behind, what an interrupted build had begun.

use std::collections::HashSet;
use std::sync::atomic::Ordering;

use crate::engine::{Engine, RETRY_LONGEST};
use crate::image::Digest;

impl Engine {
    /// Reads all records and removes the blobs that neither one of them nor an image needs: what an
    /// earlier process left. Waits for the API server; call it once. No blob is removed before.
    pub async fn sweep_all(&self) {
        while let Err(error) = self.know_all().await {
            tracing::warn!(%error, "cannot list the records: no blob is swept");
            tokio::time::sleep(RETRY_LONGEST).await;
        }
        self.0.all_known.store(true, Ordering::Relaxed);
        self.sweep().await;
    }

    /// Removes the blobs that nothing needs, once all that may need them is known.
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
            Ok(count) => tracing::debug!(count, "removed blobs that nobody needs"),
            Err(error) => tracing::warn!(%error, "cannot remove blobs that nobody needs"),
        }
    }
}
