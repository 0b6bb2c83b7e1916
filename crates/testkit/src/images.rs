//! Facts about images, as the test sets them.

use std::time::Duration;

use async_trait::async_trait;
use engine::image::{ImageCommand, Ruled};
use engine::ports::Images;

/// Gives the same facts for all images. By default, they have no ENTRYPOINT.
pub struct FakeImages {
    /// The ENTRYPOINT in the rules.
    pub entrypoint: Option<Vec<String>>,
    /// The registry's answer.
    pub command: Result<ImageCommand, String>,
    /// The time that the registry takes to answer.
    pub late: Duration,
    /// The one image that is not allowed.
    pub forbidden: Option<String>,
}

impl Default for FakeImages {
    fn default() -> Self {
        Self {
            entrypoint: Some(Vec::new()),
            command: Err("there is no registry".to_owned()),
            late: Duration::ZERO,
            forbidden: None,
        }
    }
}

#[async_trait]
impl Images for FakeImages {
    fn ruled(&self, name: &str) -> Result<Ruled, String> {
        if self.forbidden.as_deref() == Some(name) {
            return Err(format!("image {name} is not allowed"));
        }
        Ok(Ruled {
            reference: name.to_owned(),
            pull_policy: None,
            entrypoint: self.entrypoint.clone(),
        })
    }

    async fn command(&self, _: &str) -> Result<ImageCommand, String> {
        tokio::time::sleep(self.late).await;
        self.command.clone()
    }
}
