//! The layers of a build: one layer for each COPY or ADD of its plan.

use std::path::Path;

use engine::image::Overlay;
use engine::ports::StoreError;
use tempfile::TempDir;

use super::blame;
use super::copy::Copy;
use super::plan::Plan;
use crate::context::{BuildContext, Kind};
use crate::layer::{Layer, archive};
use crate::limits::relative;
use crate::spool::Spooled;

/// The layers of a build in progress.
pub(crate) struct Layers<'a> {
    context: &'a BuildContext,
    scratch: &'a TempDir,
    /// The future image.
    pub(crate) overlay: Overlay,
    /// The layers of this build, to be stored with the image. The base's layers are stored already.
    pub(crate) own: Vec<Spooled>,
}

impl<'a> Layers<'a> {
    /// Carries out a plan.
    pub(crate) async fn of(
        plan: Plan,
        context: &'a BuildContext,
        scratch: &'a TempDir,
    ) -> Result<Self, StoreError> {
        let mut layers = Self {
            context,
            scratch,
            overlay: plan.overlay,
            own: Vec::new(),
        };
        for (line, copy) in &plan.copies {
            layers.copy(copy).await.map_err(|error| blame(*line, error))?;
        }
        Ok(layers)
    }

    /// Makes the layer of one ADD or COPY.
    async fn copy(&mut self, copy: &Copy) -> Result<(), StoreError> {
        let number = self.own.len();
        let mut layer = Layer::create(self.scratch.path().join(format!("layer-{number}"))).await?;
        for source in &copy.sources {
            self.copy_one(copy, source, &mut layer).await?;
        }
        let layer = layer.finish().await?;
        self.overlay.layers.push(layer.digest.clone());
        self.overlay.size_bytes += layer.size;
        self.own.push(layer);
        Ok(())
    }

    async fn copy_one(&mut self, copy: &Copy, source: &str, layer: &mut Layer) -> Result<(), StoreError> {
        let target = &copy.target;
        let from = relative(Path::new(source))?;
        let entry = self.context.entry(&from).ok_or_else(|| copy.not_found(source))?;
        let to = relative(Path::new(&target.path))?;
        match &entry.kind {
            Kind::Directory => {
                self.mount(&target.path);
                for (path, entry) in self.context.below(&from) {
                    layer.add(self.context, entry, &to.join(path)).await?;
                }
                return Ok(());
            }
            Kind::File { offset, size } if copy.unpacks => {
                if let Some(tar) = archive(self.context.read(*offset, *size).await?).await? {
                    self.mount(&target.path);
                    let extracted = layer.extract(tar, &to, self.context.names.clone()).await;
                    return extracted.map_err(|error| in_archive(&from, error));
                }
            }
            Kind::File { .. } | Kind::Link(_) => {}
        }
        let to = match from.file_name() {
            Some(name) if target.is_directory => to.join(name),
            _ => to,
        };
        let parent = to.parent().unwrap_or(Path::new(""));
        self.mount(&format!("/{}", parent.display()));
        layer.add(self.context, &entry, &to).await
    }

    /// Records a directory that has files of this build.
    fn mount(&mut self, directory: &str) {
        if !self.overlay.directories.iter().any(|known| known == directory) {
            self.overlay.directories.push(directory.to_owned());
        }
    }
}

/// Adds the archive's name to an error.
fn in_archive(archive: &Path, error: StoreError) -> StoreError {
    match error {
        StoreError::Invalid(text) => StoreError::Invalid(format!("ADD {}: {text}", archive.display())),
        // The context has the archive as it was sent: missing bytes were never there.
        StoreError::Cut(text) => StoreError::Invalid(format!(
            "ADD {}: the archive is cut off: {text}",
            archive.display()
        )),
        error => error,
    }
}
