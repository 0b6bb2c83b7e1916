//! Images by all their names: the list, and removal.

use image_name::Reference;

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::image::{Digest, Image};

/// An image with all its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedImage {
    /// The image under one of its names.
    pub image: Image,
    /// `repository:tag` or `repository@digest`, sorted. Empty if it was built without a name.
    pub names: Vec<String>,
}

/// The result of a removal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removed {
    /// A name was removed.
    Name(String),
    /// The last name was removed, and the image with it.
    Image(Digest),
}

impl Engine {
    /// Returns all images, newest first.
    ///
    /// # Errors
    /// Returns the store's error.
    pub async fn images(&self) -> Result<Vec<NamedImage>> {
        let mut all: Vec<NamedImage> = Vec::new();
        for image in self.0.store.images(self.scope()).await? {
            let name = (image.name != image.id.0).then(|| image.name.clone());
            match all.iter_mut().find(|known| known.image.id == image.id) {
                Some(known) => known.names.extend(name),
                None => all.push(NamedImage {
                    image,
                    names: name.into_iter().collect(),
                }),
            }
        }
        for known in &mut all {
            known.names.sort();
        }
        all.sort_by(|a, b| (b.image.created, &a.names).cmp(&(a.image.created, &b.names)));
        Ok(all)
    }

    /// Returns the image of that name or id, with all its names.
    ///
    /// # Errors
    /// Returns the errors of [`Engine::image`].
    pub async fn named_image(&self, reference: &str) -> Result<NamedImage> {
        self.with_names(self.image(reference).await?).await
    }

    async fn with_names(&self, image: Image) -> Result<NamedImage> {
        let names = self.images().await?.into_iter();
        let names = names
            .filter(|known| known.image.id == image.id)
            .flat_map(|known| known.names)
            .collect();
        Ok(NamedImage { image, names })
    }

    /// Removes a name, or for an id the image with all its names.
    ///
    /// # Errors
    /// Returns the errors of [`Engine::image`], or `Conflict` without `force` if a container uses the image
    /// or an id has several names.
    pub async fn remove_image(&self, reference: &str, force: bool) -> Result<Vec<Removed>> {
        let reference = Reference::parse(reference)?;
        let NamedImage { image, names } = self.with_names(self.referred(&reference).await?).await?;
        let by_id = reference.id().is_some_and(|id| id.is_of(&image.id.0));
        let by_name = names.iter().find(|name| **name == image.name && !by_id);
        if !force {
            self.may_be_removed(&reference, &image, &names, by_name.is_some())
                .await?;
        }
        let gone = match by_name {
            Some(name) => vec![name.clone()],
            None => names.clone(),
        };
        for name in &gone {
            self.0.store.remove_image(self.scope(), name).await?;
        }
        let is_last = gone.len() == names.len();
        if names.is_empty() {
            self.0.store.remove_image(self.scope(), &image.id.0).await?;
        }
        self.sweep().await;
        let mut removed: Vec<_> = gone.into_iter().map(Removed::Name).collect();
        removed.extend(is_last.then_some(Removed::Image(image.id)));
        Ok(removed)
    }

    /// Checks for Docker's two conflicts, with Docker's texts.
    async fn may_be_removed(
        &self,
        reference: &Reference,
        image: &Image,
        names: &[String],
        by_name: bool,
    ) -> Result<()> {
        let short = image.id.short();
        if !by_name && names.len() > 1 {
            return Err(Error::Conflict(format!(
                "conflict: unable to delete {short} (must be forced) - image is referenced in multiple repositories"
            )));
        }
        if names.len() > 1 {
            return Ok(());
        }
        let containers = self.containers().await?;
        let user = containers
            .into_iter()
            .find(|record| record.container.image.id == image.id);
        user.map_or(Ok(()), |user| {
            let user = user.container.id;
            Err(Error::Conflict(format!(
                "conflict: unable to remove repository reference \"{reference}\" (must force) - container {} is using its referenced image {short}",
                user.short(),
            )))
        })
    }
}
