//! [`ImageStore`]: the port's calls on the layout. A build has a file of its own.

mod build;

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use engine::image::{Digest, Image};
use engine::name::Scope;
use engine::ports::{BaseCheck, BuildRequest, Built, Kept, Reader, Store, StoreError};
use image_name::{IdPrefix, ImageName, Reference};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use tokio::sync::RwLock;

use crate::layout::{Layout, Named};
use crate::location::Location;
use crate::{archive, spool};

/// An image store. One process at a time writes to it.
pub struct ImageStore {
    layout: Layout,
    /// Locked for reading while a blob is there that nothing names yet, and for writing by a sweep.
    unnamed: Arc<RwLock<()>>,
}

impl ImageStore {
    /// Opens the store at that location, and creates it if it is missing.
    ///
    /// # Errors
    /// Returns `Io` with the location and a remedy if the store cannot be written to.
    pub async fn open(location: &Location) -> Result<Self, StoreError> {
        Ok(Self::of(Layout::open(location).await?))
    }

    fn of(layout: Layout) -> Self {
        Self {
            layout,
            unnamed: Arc::default(),
        }
    }

    async fn by_id(&self, scope: &Scope, id: &IdPrefix) -> Result<Option<Image>, StoreError> {
        let all = self.layout.all(scope).await?.into_iter();
        Ok(all.map(|named| named.image).find(|image| id.is_of(&image.id.0)))
    }
}

#[async_trait]
impl Store for ImageStore {
    async fn image(&self, scope: &Scope, reference: &Reference) -> Result<Option<Image>, StoreError> {
        // An image that was built without a name has its id as its name.
        if let Some(named) = self.layout.named(scope, &reference.to_string()).await? {
            return Ok(Some(named.image));
        }
        match reference.id() {
            Some(id) => self.by_id(scope, id).await,
            None => Ok(None),
        }
    }

    async fn pull(&self, scope: &Scope, name: &ImageName, written: &str) -> Result<Image, StoreError> {
        let key = name.familiar();
        // No registry has an image that was built here: a pull must not replace it.
        if let Some(known) = self.layout.named(scope, &key).await? {
            return Ok(known.image);
        }
        let image = Image {
            id: Digest(format!("sha256:{}", hex::encode(Sha256::digest(&key)))),
            name: key.clone(),
            reference: written.to_owned(),
            overlay: None,
            created: Timestamp::now(),
            always_pull: false,
        };
        let named = Named {
            manifest: None,
            image,
        };
        self.layout.name(scope, &key, &named).await?;
        Ok(named.image)
    }

    async fn images(&self, scope: &Scope) -> Result<Vec<Image>, StoreError> {
        let all = self.layout.all(scope).await?;
        Ok(all.into_iter().map(|named| named.image).collect())
    }

    async fn remove_image(&self, scope: &Scope, name: &str) -> Result<bool, StoreError> {
        self.layout.forget(scope, name).await
    }

    async fn build(
        &self,
        scope: &Scope,
        request: &BuildRequest,
        allowed: BaseCheck<'_>,
        context: Reader,
    ) -> Result<Built, StoreError> {
        build::image(self, scope, request, allowed, context).await
    }

    async fn put_blob(&self, content: Reader) -> Result<Kept, StoreError> {
        let scratch = self.layout.scratch()?;
        let spooled = spool::receive(content, scratch.path().join("blob")).await?;
        archive::check(&spooled.path).await?;
        let guard = Arc::clone(&self.unnamed).read_owned().await;
        self.layout.keep(&spooled).await?;
        Ok(Kept {
            digest: spooled.digest,
            guard: Box::new(guard),
        })
    }

    async fn sweep(&self, needed: &(dyn Fn() -> HashSet<Digest> + Sync)) -> Result<usize, StoreError> {
        let _alone = self.unnamed.write().await;
        let mut needed = needed();
        needed.extend(self.layout.named_blobs().await?);
        self.layout.retain(&needed).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.layout.check().await
    }

    async fn size_bytes(&self) -> Result<u64, StoreError> {
        self.layout.size_bytes().await
    }

    async fn blob(&self, digest: &Digest) -> Result<(Reader, u64), StoreError> {
        self.layout.blob(digest).await
    }
}

#[cfg(test)]
mod tests;
