//! Questions of an operator: whether the engine can work, and which containers it knows. Nothing here asks
//! the cluster.

use super::Engine;
use crate::container::Record;
use crate::error::Result;

impl Engine {
    /// Checks that the image store can be written to.
    ///
    /// # Errors
    /// Returns the store's error, with the remedy.
    pub async fn check_store(&self) -> Result<()> {
        Ok(self.0.store.check().await?)
    }

    /// Returns the size of the image store's blobs, in bytes.
    ///
    /// # Errors
    /// Returns the store's error.
    pub async fn store_bytes(&self) -> Result<u64> {
        Ok(self.0.store.size_bytes().await?)
    }

    /// Returns the containers that this process knows now.
    #[must_use]
    pub fn known(&self) -> Vec<Record> {
        self.0.index.all().iter().map(|live| live.record()).collect()
    }
}
