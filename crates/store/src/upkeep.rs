//! Upkeep of a store by another process than the one that serves it, if any
//! does. That one's unfinished things are not touched.

use std::collections::HashSet;

use engine::image::{Digest, Image};
use engine::name::Scope;
use engine::ports::StoreError;
use jiff::Timestamp;

use crate::Location;
use crate::layout::Layout;

/// A store that is being tidied up. Nobody else can open it meanwhile, if nobody had it open before.
pub struct Upkeep {
    layout: Layout,
    is_alone: bool,
}

impl Upkeep {
    /// Opens the store at that place.
    ///
    /// # Errors
    /// `Io` with the place where there is none, or none that can be written to.
    pub async fn of(location: &Location) -> Result<Self, StoreError> {
        let (layout, is_alone) = Layout::attach(location).await?;
        Ok(Self { layout, is_alone })
    }

    /// Whether something can be written to it.
    ///
    /// # Errors
    /// Why not, with the remedy.
    pub async fn check(&self) -> Result<(), StoreError> {
        self.layout.check().await
    }

    /// Whether no process serves the store: one that does sweeps it by itself, and alone knows which
    /// blobs are about to be needed. Of a bucket that is never known.
    #[must_use]
    pub const fn is_alone(&self) -> bool {
        self.is_alone
    }

    /// Whether it has images of other installations than `scope`, whose containers are not known here.
    ///
    /// # Errors
    /// The place's.
    pub async fn has_others(&self, scope: &Scope) -> Result<bool, StoreError> {
        self.layout.has_others(scope).await
    }

    /// The images that were built before that time and that none of `used` is.
    ///
    /// # Errors
    /// The place's.
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

    /// Forgets the image of that name; its blobs are idle then.
    ///
    /// # Errors
    /// The place's.
    pub async fn forget(&self, scope: &Scope, name: &str) -> Result<bool, StoreError> {
        self.layout.forget(scope, name).await
    }

    /// How many blobs neither an image nor `needed` has, and how many bytes they take.
    ///
    /// # Errors
    /// The place's.
    pub async fn idle(&self, mut needed: HashSet<Digest>) -> Result<(usize, u64), StoreError> {
        needed.extend(self.layout.named_blobs().await?);
        let idle = self.layout.idle(&needed).await?;
        Ok((idle.len(), idle.iter().map(|(_, size)| size).sum()))
    }

    /// Removes those blobs; none where another process has the store.
    ///
    /// # Errors
    /// The place's.
    pub async fn sweep(&self, mut needed: HashSet<Digest>) -> Result<usize, StoreError> {
        if !self.is_alone {
            return Ok(0);
        }
        needed.extend(self.layout.named_blobs().await?);
        self.layout.retain(&needed).await
    }
}
