//! A store in memory. The test puts images into it.

use std::collections::{HashMap, HashSet};
use std::io::Cursor;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use engine::image::{Digest, Image, Overlay};
use engine::name::Scope;
use engine::ports::{BaseCheck, BuildRequest, Built, Kept, Reader, Store, StoreError};
use image_name::{ImageName, Reference};
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncReadExt;

/// A store in memory.
#[derive(Default)]
pub struct FakeStore {
    images: Mutex<HashMap<(String, String), Image>>,
    blobs: Mutex<HashMap<Digest, Vec<u8>>>,
    full: AtomicBool,
}

impl FakeStore {
    /// Leaves no room for blobs from now on.
    pub fn fill(&self) {
        self.full.store(true, Ordering::Relaxed);
    }

    /// Adds an image as if it had been built on `base`.
    pub fn add_built(&self, scope: &Scope, name: &str, base: &str, layer: &[u8]) {
        let layers = vec![self.keep(layer)];
        let directories = vec!["/usr/local/bin".to_owned()];
        let overlay = Overlay {
            layers,
            directories,
            ..Overlay::default()
        };
        let name = ImageName::parse(name).unwrap();
        self.add(scope, &name.familiar(), base, Some(overlay));
    }

    /// Returns the number of blobs.
    pub fn blob_count(&self) -> usize {
        self.blobs.lock().unwrap().len()
    }

    fn add(&self, scope: &Scope, name: &str, reference: &str, overlay: Option<Overlay>) -> Image {
        let id = digest(name.as_bytes());
        let image = Image {
            id,
            name: name.to_owned(),
            reference: reference.to_owned(),
            overlay,
            created: jiff::Timestamp::now(),
            always_pull: false,
        };
        self.images
            .lock()
            .unwrap()
            .insert((scope.0.clone(), name.to_owned()), image.clone());
        image
    }

    fn keep(&self, content: &[u8]) -> Digest {
        let digest = digest(content);
        self.blobs
            .lock()
            .unwrap()
            .insert(digest.clone(), content.to_vec());
        digest
    }
}

fn digest(content: &[u8]) -> Digest {
    Digest(format!("sha256:{}", hex::encode(Sha256::digest(content))))
}

#[async_trait]
impl Store for FakeStore {
    async fn image(&self, scope: &Scope, reference: &Reference) -> Result<Option<Image>, StoreError> {
        let images = self.images.lock().unwrap();
        Ok(images.get(&(scope.0.clone(), reference.to_string())).cloned())
    }

    async fn pull(&self, scope: &Scope, name: &ImageName, written: &str) -> Result<Image, StoreError> {
        Ok(self.add(scope, &name.familiar(), written, None))
    }

    async fn images(&self, scope: &Scope) -> Result<Vec<Image>, StoreError> {
        let images = self.images.lock().unwrap();
        Ok(images
            .iter()
            .filter(|((of, _), _)| *of == scope.0)
            .map(|(_, image)| image.clone())
            .collect())
    }

    async fn remove_image(&self, scope: &Scope, name: &str) -> Result<bool, StoreError> {
        Ok(self
            .images
            .lock()
            .unwrap()
            .remove(&(scope.0.clone(), name.to_owned()))
            .is_some())
    }

    async fn build(
        &self,
        _: &Scope,
        _: &BuildRequest,
        _: BaseCheck<'_>,
        _: Reader,
    ) -> Result<Built, StoreError> {
        Err(StoreError::Unsupported(
            "the fake store does not build".to_owned(),
        ))
    }

    async fn put_blob(&self, mut content: Reader) -> Result<Kept, StoreError> {
        if self.full.load(Ordering::Relaxed) {
            return Err(StoreError::Io("no space".to_owned()));
        }
        let mut bytes = Vec::new();
        content
            .read_to_end(&mut bytes)
            .await
            .map_err(|error| StoreError::Io(error.to_string()))?;
        Ok(Kept {
            digest: self.keep(&bytes),
            guard: Box::new(()),
        })
    }

    async fn sweep(&self, needed: &(dyn Fn() -> HashSet<Digest> + Sync)) -> Result<usize, StoreError> {
        let (needed, images) = (needed(), self.images.lock().unwrap());
        let overlays = images.values().filter_map(|image| image.overlay.as_ref());
        let layers: HashSet<_> = overlays.flat_map(|overlay| &overlay.layers).collect();
        let mut blobs = self.blobs.lock().unwrap();
        let before = blobs.len();
        blobs.retain(|digest, _| needed.contains(digest) || layers.contains(digest));
        Ok(before - blobs.len())
    }

    async fn check(&self) -> Result<(), StoreError> {
        match self.full.load(Ordering::Relaxed) {
            true => Err(StoreError::Io("no room".to_owned())),
            false => Ok(()),
        }
    }

    async fn size_bytes(&self) -> Result<u64, StoreError> {
        let blobs = self.blobs.lock().unwrap();
        Ok(blobs.values().map(|blob| blob.len() as u64).sum())
    }

    async fn blob(&self, digest: &Digest) -> Result<(Reader, u64), StoreError> {
        let bytes = self.blobs.lock().unwrap().get(digest).cloned();
        let bytes = bytes.ok_or_else(|| StoreError::Missing(digest.clone()))?;
        let size = bytes.len() as u64;
        Ok((Box::new(Cursor::new(bytes)), size))
    }
}
