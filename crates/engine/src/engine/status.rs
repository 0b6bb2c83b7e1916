//! What an operator asks of the engine: whether it can work, and what it knows.
//! Nothing here asks the cluster.

use super::Engine;
use crate::container::Record;
use crate::error::Result;

impl Engine {
    /// Whether the image store can be written to.
    ///
    /// # Errors
    /// The store's, with the remedy.
    pub async fn check_store(&self) -> Result<()> {
        Ok(self.0.store.check().await?)
    }

    /// How much the image store's blobs take, in bytes.
    ///
    /// # Errors
    /// The store's.
    pub async fn store_bytes(&self) -> Result<u64> {
        Ok(self.0.store.size_bytes().await?)
    }

    /// The containers that this process knows of now.
    #[must_use]
    pub fn known(&self) -> Vec<Record> {
        self.0.index.all().iter().map(|live| live.record()).collect()
    }
}
