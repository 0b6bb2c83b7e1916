//! The operator's rules and registries for images, behind the engine's port.

use std::sync::Arc;

use async_trait::async_trait;
use engine::image::{ImageCommand, Ruled};
use engine::ports::Images;
use registry::Registries;

/// The rules, as their file is now, and the registries.
pub(crate) struct RuledImages {
    pub(crate) rules: Arc<rules::Source>,
    pub(crate) registries: Registries,
}

#[async_trait]
impl Images for RuledImages {
    fn ruled(&self, name: &str) -> Result<Ruled, String> {
        let ruled = self.rules.current().image(name);
        ruled.map_err(|error| error.to_string())
    }

    async fn command(&self, reference: &str) -> Result<ImageCommand, String> {
        self.registries.command(reference).await
    }
}
