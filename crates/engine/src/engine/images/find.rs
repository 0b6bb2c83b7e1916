//! Finds an image, or remembers one that is not built here.

use image_name::{ImageName, Reference};

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::image::Image;

impl Engine {
    /// Returns the image of that name or id.
    ///
    /// # Errors
    /// Returns `NoSuchImage` if it was neither built nor pulled here, or `Invalid` if the text is neither a
    /// name nor an id.
    pub async fn image(&self, reference: &str) -> Result<Image> {
        self.referred(&Reference::parse(reference)?).await
    }

    pub(super) async fn referred(&self, reference: &Reference) -> Result<Image> {
        let found = self.0.store.image(self.scope(), reference).await?;
        found.ok_or_else(|| Error::NoSuchImage(reference.to_string()))
    }

    /// Remembers an external image.
    ///
    /// # Errors
    /// Returns `Invalid` if the text is not a name, `NotAllowed` if the rules forbid the image, or the
    /// store's error.
    pub async fn pull(&self, name: &str) -> Result<Image> {
        let parsed = ImageName::try_from(Reference::parse(name)?)?;
        self.ruled(name)?;
        Ok(self.0.store.pull(self.scope(), &parsed, name).await?)
    }
}
