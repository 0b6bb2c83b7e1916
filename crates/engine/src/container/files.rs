//! The blobs that a container has, and whether it needs an agent for them.

use super::record::Container;
use super::upload::Upload;
use crate::image::Digest;

impl Container {
    /// Whether its Pod needs an agent: to get files there, and results back. Where it has none the
    /// kubelet tells when it starts and ends.
    #[must_use]
    pub const fn needs_agent(&self) -> bool {
        self.image.overlay.is_some() || !self.uploads.is_empty()
    }

    /// The blobs of its own: what was put into it and what it left behind.
    pub fn blobs(&self) -> impl Iterator<Item = &Digest> {
        self.uploaded().chain(self.outputs.values())
    }

    fn uploaded(&self) -> impl Iterator<Item = &Digest> {
        self.uploads.iter().filter_map(|upload| match upload {
            Upload::Archive { digest, .. } => Some(digest),
            Upload::Files { .. } => None,
        })
    }

    /// The blobs that the agent may fetch, in the order of [`Task::inputs`].
    pub fn inputs(&self) -> impl Iterator<Item = &Digest> {
        let layers = self.image.overlay.iter().flat_map(|overlay| &overlay.layers);
        layers.chain(self.uploaded())
    }
}
