//! Remove: the program, the Pod and the record go; what the record owns
//! follows by garbage collection.

use super::Engine;
use crate::error::{Error, Result};
use crate::phase::{Legality, Operation};
use crate::ports::ClusterError;

impl Engine {
    /// Removes a container; with `force` it is ended first.
    ///
    /// # Errors
    /// `NoSuchContainer`; `Conflict` when it runs and is not forced.
    pub async fn remove(&self, reference: &str, force: bool) -> Result<()> {
        let live = self.find(reference).await?;
        let container = live.record().container;
        if Operation::Remove.in_phase(container.phase) == Legality::Refuse {
            if !force {
                return Err(Error::Conflict(format!(
                    "You cannot remove a running container {}. Stop the container before attempting removal or force remove",
                    container.id
                )));
            }
            self.end(&live).await;
        }
        let record = live.record();
        let ((), deleted) = tokio::join!(self.end_pod(&live), self.0.cluster.delete_record(&record));
        match deleted {
            Ok(()) | Err(ClusterError::NotFound(_)) => {}
            Err(error) => return Err(error.into()),
        }
        self.0.index.forget(&record.name, &record.uid);
        Ok(())
    }
}
