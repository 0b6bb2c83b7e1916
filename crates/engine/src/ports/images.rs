//! The port to the operator's rules for images, and to registries.

use async_trait::async_trait;

use crate::image::{ImageCommand, Ruled};

/// Data about images that is not in the store: the operator's rules, and registries.
#[async_trait]
pub trait Images: Send + Sync + 'static {
    /// Returns the rules for the image of that name.
    ///
    /// # Errors
    /// Returns a sentence that names the image if the rules do not allow it.
    fn ruled(&self, name: &str) -> Result<Ruled, String>;
    /// Returns the image's own command from the registry. `reference` is the image that the cluster pulls.
    /// Answers within seconds.
    ///
    /// # Errors
    /// Returns the reason why the command is not known.
    async fn command(&self, reference: &str) -> Result<ImageCommand, String>;
}
