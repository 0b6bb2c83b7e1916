//! The blobs of a container, and whether the container needs an agent for them.

use super::record::Container;
use super::upload::Upload;
use crate::image::Digest;

impl Container {
    /// Returns true if its Pod needs an agent that fetches files and sends outputs. Without an agent, the
    /// kubelet reports the start and the end.
    #[must_use]
    pub const fn needs_agent(&self) -> bool {
        self.image.overlay.is_some() || !self.uploads.is_empty()
    }

    /// Returns the container's own blobs: its uploads and its outputs.
    pub fn blobs(&self) -> impl Iterator<Item = &Digest> {
        self.uploaded().chain(self.outputs.values())
    }

    fn uploaded(&self) -> impl Iterator<Item = &Digest> {
        self.uploads.iter().filter_map(|upload| match upload {
            Upload::Archive { digest, .. } => Some(digest),
            Upload::Files { .. } => None,
        })
    }

    /// Returns the blobs that the agent may fetch, in the order of
    /// [`Task::inputs`](agent_protocol::Task::inputs).
    pub fn inputs(&self) -> impl Iterator<Item = &Digest> {
        let layers = self.image.overlay.iter().flat_map(|overlay| &overlay.layers);
        layers.chain(self.uploaded())
    }
}
