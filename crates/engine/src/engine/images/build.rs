//! Builds an image from a context.

use std::time::Instant;

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::limits::TAGS;
use crate::ports::{BuildRequest, Built, Reader};

impl Engine {
    /// Builds an image. Waits for the context without a time limit.
    ///
    /// # Errors
    /// Returns the store's error, also if the base image is not allowed, or `Invalid` for too many names.
    pub async fn build(&self, request: &BuildRequest, context: Reader) -> Result<Built> {
        if request.tags.len() > TAGS.amount() {
            return Err(Error::Invalid(format!(
                "a build may give at most {TAGS} names to its image"
            )));
        }
        let begun = Instant::now();
        let _open = self.0.builds.open(self.1, &request.tags);
        let allowed = |base: &str| self.0.settings.images.ruled(base).map(drop);
        let built = self.0.store.build(self.scope(), request, &allowed, context).await;
        if built.is_ok() {
            self.0.settings.meter.built(begun.elapsed());
        }
        let what = || format!("image {} cannot be built", request.tags.join(", "));
        built.map_err(|error| Error::from(error).of(what))
    }
}
