//! The operator's rules for images.

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::image::Ruled;

impl Engine {
    /// Returns the rules for the image of that name.
    ///
    /// # Errors
    /// Returns `NotAllowed` if the rules forbid the image.
    pub(in crate::engine) fn ruled(&self, name: &str) -> Result<Ruled> {
        self.0.settings.images.ruled(name).map_err(Error::NotAllowed)
    }
}
