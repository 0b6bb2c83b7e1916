//! The port to the image store.

use std::collections::HashSet;

use async_trait::async_trait;
use image_name::{ImageName, Reference};
use tokio::io::AsyncRead;

use super::error::StoreError;
use crate::image::{Digest, Image};
use crate::name::Scope;

/// The bytes of an upload or a blob.
pub type Reader = Box<dyn AsyncRead + Send + Unpin>;

/// The parameters of `POST /build`.
#[derive(Clone, Debug, Default)]
pub struct BuildRequest {
    /// `t`: the names to give the image.
    pub tags: Vec<String>,
    /// `dockerfile`: its path in the context.
    pub dockerfile: String,
    /// `buildargs`.
    pub args: std::collections::BTreeMap<String, String>,
    /// `labels`.
    pub labels: std::collections::BTreeMap<String, String>,
    /// `pull`: true if the newest base is wanted.
    pub pull: bool,
}

/// A check that returns the reason if a base is not allowed.
pub type BaseCheck<'a> = &'a (dyn Fn(&str) -> Result<(), String> + Sync);

/// A finished build.
#[derive(Clone, Debug)]
pub struct Built {
    /// The image.
    pub image: Image,
    /// Its names, as Docker writes them.
    pub tags: Vec<String>,
    /// The Dockerfile's instructions, for Docker's progress lines.
    pub steps: Vec<String>,
}

/// A blob that was stored. No sweep begins until this is dropped: drop it once a record names the blob.
pub struct Kept {
    /// The blob.
    pub digest: Digest,
    /// Prevents sweeps until it is dropped.
    pub guard: Box<dyn Send + Sync>,
}

/// The image store. It knows images under Docker's short names: `repository:tag`.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Returns the image of that name or id.
    async fn image(&self, scope: &Scope, reference: &Reference) -> Result<Option<Image>, StoreError>;
    /// Stores an external image under its name, durably. The cluster pulls the name as it is `written`. Does
    /// not prove that the image exists.
    async fn pull(&self, scope: &Scope, name: &ImageName, written: &str) -> Result<Image, StoreError>;
    /// Returns all names with their images.
    async fn images(&self, scope: &Scope) -> Result<Vec<Image>, StoreError>;
    /// Removes a name that [`Store::images`] returned. Returns false if it was not there.
    async fn remove_image(&self, scope: &Scope, name: &str) -> Result<bool, StoreError>;
    /// Builds from a context: a tar, compressed or not. A build that fails leaves nothing behind. A base that
    /// was not pulled or built through chainpod must be `allowed`.
    async fn build(
        &self,
        scope: &Scope,
        request: &BuildRequest,
        allowed: BaseCheck<'_>,
        context: Reader,
    ) -> Result<Built, StoreError>;
    /// Keeps a tar (uncompressed on arrival) under its digest.
    async fn put_blob(&self, content: Reader) -> Result<Kept, StoreError>;
    /// Removes all blobs that neither an image nor `needed` has, and returns their number. Does not remove a
    /// blob that is being stored: `needed` is called while no new blob is [`Kept`].
    async fn sweep(&self, needed: &(dyn Fn() -> HashSet<Digest> + Sync)) -> Result<usize, StoreError>;
    /// Checks that the store can be written to now. Returns the reason if it cannot.
    async fn check(&self) -> Result<(), StoreError>;
    /// Returns the size of its blobs, in bytes.
    async fn size_bytes(&self) -> Result<u64, StoreError>;
    /// Reads a blob and its size in bytes.
    async fn blob(&self, digest: &Digest) -> Result<(Reader, u64), StoreError>;
}
