//! What is said of images: the operator's rules and registries, as the engine asks for them.

use std::sync::Arc;

use async_trait::async_trait;
use engine::image::{ImageCommand, PullPolicy, Ruled};
use engine::ports::Images;
use registry::Registries;

/// The rules as their file says them now, and registries.
pub(crate) struct RuledImages {
    pub(crate) rules: Arc<rules::Source>,
    pub(crate) registries: Registries,
}

#[async_trait]
impl Images for RuledImages {
    fn ruled(&self, name: &str) -> Result<Ruled, String> {
        let choice = self.rules.current().image(name);
        let choice = choice.map_err(|error| error.to_string())?;
        Ok(Ruled {
            reference: choice.pulled,
            pull_policy: choice.pull_policy.map(|policy| match policy {
                rules::PullPolicy::IfNotPresent => PullPolicy::IfNotPresent,
                rules::PullPolicy::Always => PullPolicy::Always,
                rules::PullPolicy::Never => PullPolicy::Never,
            }),
            entrypoint: choice.entrypoint,
        })
    }

    async fn command(&self, reference: &str) -> Result<ImageCommand, String> {
        self.registries.command(reference).await
    }
}
