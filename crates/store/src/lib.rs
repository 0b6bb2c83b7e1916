//! The image store: an OCI layout over `object_store`. It knows Dockerfiles, layers and names. It does not know
//! HTTP, Kubernetes or containers.

mod archive;
mod build;
mod context;
mod copy;
mod dockerfile;
mod entries;
mod layer;
mod layout;
mod limits;
mod links;
mod location;
mod lock;
mod names;
mod oci;
mod place;
mod plan;
mod spool;
mod upkeep;
mod words;

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use engine::image::{Digest, Image, Overlay};
use engine::name::Scope;
use engine::ports::{BaseCheck, BuildRequest, Built, Kept, Reader, Store, StoreError};
use image_name::{IdPrefix, ImageName, Reference};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::sync::RwLock;

use crate::build::Build;
use crate::context::BuildContext;
use crate::layout::{Layout, Named};
pub use crate::limits::{LIMITS, Limit, Unit};
pub use crate::location::Location;
use crate::plan::Plan;
use crate::spool::Spooled;
pub use crate::upkeep::Upkeep;

/// The Dockerfile's name when the client gives none.
const DEFAULT_DOCKERFILE: &str = "Dockerfile";

/// An image store. One process at a time writes to it.
pub struct ImageStore {
    layout: Layout,
    /// Locked for reading while a blob is there that nothing names yet, and for writing by a sweep.
    unnamed: Arc<RwLock<()>>,
}

impl ImageStore {
    /// Opens the store at that place, and creates it if it is missing.
    ///
    /// # Errors
    /// Returns `Io` with the place and a remedy if the store cannot be written to.
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

    /// Returns the image of this store that FROM names, or none if the cluster must have it.
    async fn base(&self, scope: &Scope, from: &str) -> Result<Option<Image>, StoreError> {
        let reference = Reference::parse(from).map_err(|error| {
            let from = limits::start(from.as_ref());
            StoreError::Invalid(format!("FROM {from}: {error}"))
        })?;
        let base = self.image(scope, &reference).await?;
        match (base, reference) {
            // No registry knows an id of this store.
            (None, Reference::Id(id)) => Err(StoreError::Invalid(format!("No such image: {id}"))),
            (base, _) => Ok(base),
        }
    }

    /// Gives a built image its names. An image without names is still found by its id.
    async fn tag(
        &self,
        scope: &Scope,
        mut tags: Vec<String>,
        mut image: Image,
        manifest: &Digest,
    ) -> Result<Image, StoreError> {
        if tags.is_empty() {
            tags.push(image.name.clone());
        }
        // The first one is written last: the answer names it.
        for tag in tags.into_iter().rev() {
            image.name = tag;
            let named = Named {
                manifest: Some(manifest.clone()),
                image: image.clone(),
            };
            self.layout.name(scope, &named.image.name, &named).await?;
        }
        Ok(image)
    }

    /// Writes the configuration and the manifest, and stores everything as blobs.
    async fn keep(
        &self,
        scratch: &TempDir,
        overlay: &Overlay,
        own: &[Spooled],
        base: &str,
    ) -> Result<(Digest, Digest), StoreError> {
        let json = |value: serde_json::Value| {
            serde_json::to_vec(&value).map_err(|error| StoreError::Io(error.to_string()))
        };
        let configuration = json(serde_json::json!(oci::configuration(overlay)?))?;
        let configuration = spool::write(scratch.path().join("config"), &configuration).await?;
        let mut layers = Vec::new();
        for digest in &overlay.layers {
            let size = match own.iter().find(|layer| layer.digest == *digest) {
                Some(layer) => layer.size,
                None => self.layout.blob(digest).await?.1,
            };
            layers.push((digest.0.clone(), size));
        }
        let manifest = json(serde_json::json!(oci::manifest(&configuration, &layers, base)?))?;
        let manifest = spool::write(scratch.path().join("manifest"), &manifest).await?;
        for spooled in own.iter().chain([&configuration, &manifest]) {
            self.layout.keep(spooled).await?;
        }
        Ok((configuration.digest, manifest.digest))
    }
}

/// Runs work that takes the processor for long on a thread where no other task waits.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(StoreError::Io(error.to_string())))
}

/// Returns the name that a build's `t` gives its image.
fn tag_of(text: &str) -> Result<String, StoreError> {
    let name = ImageName::try_from(Reference::parse(text)?)?;
    if name.digest().is_some() {
        return Err(StoreError::Invalid(
            "build tag cannot contain a digest".to_owned(),
        ));
    }
    Ok(name.familiar())
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
        let tags = request.tags.iter().map(|tag| tag_of(tag));
        let tags = tags.collect::<Result<Vec<_>, _>>()?;
        let scratch = self.layout.scratch()?;
        let context = BuildContext::receive(context, scratch.path().join("context")).await?;
        let dockerfile = match request.dockerfile.as_str() {
            "" => DEFAULT_DOCKERFILE,
            name => name,
        };
        let text = context.dockerfile(dockerfile).await?;
        let args = Arc::new(request.args.clone());
        let given = Arc::clone(&args);
        let (steps, from, done) = apart(move || {
            let steps = dockerfile::steps(&text)?;
            let (from, done) = dockerfile::base(&steps, &given)?;
            Ok((steps, from, done))
        })
        .await?;
        let base = self.base(scope, &from).await;
        let base = base.map_err(|error| dockerfile::blame(steps[done - 1].line, error))?;
        let known = base.as_ref().map(|base| base.reference.clone());
        let reference = known.unwrap_or(from);
        allowed(&reference).map_err(StoreError::NotAllowed)?;
        let (plan, steps) = apart(move || {
            let plan = Plan::new(&steps[done..], &args, base.as_ref())?;
            Ok((plan, steps))
        })
        .await?;
        let build = Build::of(plan, &context, &scratch).await?;
        let mut overlay = build.overlay;
        overlay.labels.extend(request.labels.clone());
        let _unnamed = self.unnamed.read().await;
        let (id, manifest) = self.keep(&scratch, &overlay, &build.layers, &reference).await?;
        let image = Image {
            name: id.0.clone(),
            id,
            reference,
            overlay: Some(overlay),
            created: Timestamp::now(),
            always_pull: request.pull,
        };
        let image = self.tag(scope, tags.clone(), image, &manifest).await?;
        let steps = steps.into_iter().map(|step| step.text).collect();
        Ok(Built { image, tags, steps })
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
