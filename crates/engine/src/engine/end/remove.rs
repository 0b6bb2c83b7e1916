//! Removal of the program, the Pod and the record. Objects that the record owns follow by garbage collection.

use std::sync::Arc;

use tracing::Instrument;

use crate::container::Container;
use crate::engine::{Engine, Live};
use crate::error::{Error, Result};
use crate::phase::{Legality, Operation, Phase};
use crate::ports::ClusterError;

impl Engine {
    /// Removes a container. With `force`, its program is ended first.
    ///
    /// # Errors
    /// Returns `NoSuchContainer`, or `Conflict` if the program runs and `force` is not given.
    pub async fn remove(&self, reference: &str, force: bool) -> Result<()> {
        let live = self.find(reference).await?;
        let container = live.record().container;
        if Operation::Remove.in_phase(container.phase) == Legality::Refuse && !force {
            return Err(Error::Conflict(format!(
                "You cannot remove a running container {}. Stop the container before attempting removal or force remove",
                container.id
            )));
        }
        self.end_and_remove(&live).await
    }

    /// Ends the program, if there may be one, and removes the container.
    pub(in crate::engine) async fn end_and_remove(&self, live: &Arc<Live>) -> Result<()> {
        let Container { phase, starts, .. } = live.record().container;
        live.set_told_to_end(starts);
        if phase.is_live() {
            self.end(live, starts).await?;
        }
        self.discard(live).await
    }

    /// Removes a container that does not run.
    async fn discard(&self, live: &Live) -> Result<()> {
        let record = live.record();
        let end_pod = async {
            // An agent ends by itself, and the Pod is deleted with the record: a peer may launch again right
            // now.
            let ends_by_itself = record.container.phase == Phase::Exited && record.container.needs_agent();
            if !ends_by_itself {
                // If this fails, garbage collection deletes the Pod with its record.
                let _ = self.end_pod(live, record.container.starts).await;
            }
        };
        let ((), deleted) = tokio::join!(end_pod, self.0.cluster.delete_record(&record));
        match deleted {
            Ok(()) | Err(ClusterError::NotFound(_)) => {}
            Err(error) => return Err(error.into()),
        }
        self.0.index.forget(&record.name, &record.uid);
        if record.container.blobs().next().is_some() {
            // The sweep waits for uploads in progress, and nobody waits for the sweep.
            let engine = self.clone();
            tokio::spawn(async move { engine.sweep().await }.in_current_span());
        }
        Ok(())
    }

    /// Removes a container that has ended, or could not be started, if its request says so (Docker API,
    /// `HostConfig.AutoRemove`). Open starts and waits are answered first.
    pub(in crate::engine) fn remove_if_asked(&self, live: &Arc<Live>) {
        let is_over = |container: &Container| !container.phase.is_live() && container.exit.is_some();
        let container = live.record().container;
        if !container.spec.auto_remove || !is_over(&container) || !live.leaves.begin() {
            return;
        }
        let (engine, live) = (self.clone(), live.clone());
        let work = async move {
            engine.answered(&live).await;
            // A client may have removed it, or started it again.
            if is_over(&live.record().container)
                && !live.is_gone()
                && let Err(error) = engine.discard(&live).await
            {
                tracing::warn!(container = container.name, %error, "cannot remove a container that has ended");
            }
            live.leaves.end();
        };
        tokio::spawn(work.in_current_span());
    }
}
