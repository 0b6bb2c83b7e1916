//! Upkeep of a store by a process that does not serve it. Another process may serve it, and its unfinished
//! files are not touched.

use std::collections::HashSet;

use engine::image::{Digest, Image};
use engine::name::Scope;
use engine::ports::StoreError;
use jiff::Timestamp;

use crate::backend::Served;
use crate::layout::Layout;
use crate::location::Location;

/// A store that is open for upkeep. If no other process had it open, no other process can open it now.
pub struct OfflineStore {
    layout: Layout,
    served: Served,
}

impl OfflineStore {
    /// Opens the store at that location.
    ///
    /// # Errors
    /// Returns `Io` with the location if there is no store, or if it cannot be opened.
    pub async fn open(location: &Location) -> Result<Self, StoreError> {
        let (layout, served) = Layout::attach(location).await?;
        Ok(Self { layout, served })
    }

    /// Checks that the store can be written to.
    ///
    /// # Errors
    /// Returns the reason why not, with the remedy.
    pub async fn check(&self) -> Result<(), StoreError> {
        self.layout.check().await
    }

    /// Returns true if no process serves the store. The serving process sweeps by itself, and only it knows
    /// which blobs it needs next. Always false for a bucket, which has no locks.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.served == Served::No
    }

    /// Returns the name of the process that has the store open, if it is known.
    #[must_use]
    pub fn served_by(&self) -> Option<&str> {
        match &self.served {
            Served::By(holder) => Some(holder),
            Served::No | Served::Perhaps => None,
        }
    }

    /// Returns true if the store has images of other installations than `scope`, whose containers this
    /// process does not know.
    ///
    /// # Errors
    /// Returns the error of the directory or bucket.
    pub async fn has_others(&self, scope: &Scope) -> Result<bool, StoreError> {
        self.layout.has_others(scope).await
    }

    /// Returns the images that were built before that time and are not in `used`.
    ///
    /// # Errors
    /// Returns the error of the directory or bucket.
    pub async fn old_images(
        &self,
        scope: &Scope,
        used: &HashSet<Digest>,
        before: Timestamp,
    ) -> Result<Vec<Image>, StoreError> {
        let all = self.layout.all(scope).await?.into_iter();
        let old = all
            .map(|named| named.image)
            .filter(|image| image.overlay.is_some() && image.created < before && !used.contains(&image.id));
        Ok(old.collect())
    }

    /// Removes the name of that image. Its blobs become idle.
    ///
    /// # Errors
    /// Returns the error of the directory or bucket.
    pub async fn forget(&self, scope: &Scope, name: &str) -> Result<bool, StoreError> {
        self.layout.forget(scope, name).await
    }

    /// Returns the number and the size in bytes of the blobs that neither an image nor `needed` has.
    ///
    /// # Errors
    /// Returns the error of the directory or bucket.
    pub async fn idle(&self, mut needed: HashSet<Digest>) -> Result<(usize, u64), StoreError> {
        needed.extend(self.layout.named_blobs().await?);
        let idle = self.layout.idle(&needed).await?;
        Ok((idle.len(), idle.iter().map(|(_, size)| size).sum()))
    }

    /// Removes those blobs, or none if another process has the store open.
    ///
    /// # Errors
    /// Returns the error of the directory or bucket.
    pub async fn sweep(&self, mut needed: HashSet<Digest>) -> Result<usize, StoreError> {
        if !self.is_alone() {
            return Ok(0);
        }
        needed.extend(self.layout.named_blobs().await?);
        self.layout.retain(&needed).await
    }
}
