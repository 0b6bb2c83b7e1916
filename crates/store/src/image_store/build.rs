//! The build of an image: from the context as the client sends it to a name in the store.

use std::sync::Arc;

use engine::image::{Digest, Image, Overlay};
use engine::name::Scope;
use engine::ports::{BaseCheck, BuildRequest, Built, Reader, Store, StoreError};
use image_name::{ImageName, Reference};
use jiff::Timestamp;
use tempfile::TempDir;

use super::ImageStore;
use crate::context::BuildContext;
use crate::dockerfile::layers::Layers;
use crate::dockerfile::plan::Plan;
use crate::layout::Named;
use crate::spool::Spooled;
use crate::{dockerfile, limits, oci, spool};

/// The Dockerfile's name when the client gives none.
const DEFAULT_DOCKERFILE: &str = "Dockerfile";

/// Builds an image on a base that is allowed, and gives it its names.
///
/// # Errors
/// Returns `Invalid` or `Unsupported` for a context that cannot be built, `NotAllowed` for its base, `Cut` for a context
/// that ends early, and `Io` with the store's error.
pub(super) async fn image(
    store: &ImageStore,
    scope: &Scope,
    request: &BuildRequest,
    allowed: BaseCheck<'_>,
    context: Reader,
) -> Result<Built, StoreError> {
    let tags = request.tags.iter().map(|tag| tag_of(tag));
    let tags = tags.collect::<Result<Vec<_>, _>>()?;
    let scratch = store.layout.scratch()?;
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
    let base = store.base(scope, &from).await;
    let base = base.map_err(|error| dockerfile::blame(steps[done - 1].line, error))?;
    let known = base.as_ref().map(|base| base.reference.clone());
    let reference = known.unwrap_or(from);
    allowed(&reference).map_err(StoreError::NotAllowed)?;
    let (plan, steps) = apart(move || {
        let plan = Plan::new(&steps[done..], &args, base.as_ref())?;
        Ok((plan, steps))
    })
    .await?;
    let layers = Layers::of(plan, &context, &scratch).await?;
    let mut overlay = layers.overlay;
    overlay.labels.extend(request.labels.clone());
    let _unnamed = store.unnamed.read().await;
    let (id, manifest) = store.keep(&scratch, &overlay, &layers.own, &reference).await?;
    let image = Image {
        name: id.0.clone(),
        id,
        reference,
        overlay: Some(overlay),
        created: Timestamp::now(),
        always_pull: request.pull,
    };
    let image = store.tag(scope, tags.clone(), image, &manifest).await?;
    let steps = steps.into_iter().map(|step| step.text).collect();
    Ok(Built { image, tags, steps })
}

impl ImageStore {
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
