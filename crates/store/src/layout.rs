//! The OCI layout: blobs by digest, and one small object per name. Each is written whole or not at all.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use engine::image::{Digest, Image};
use engine::name::Scope;
use engine::ports::{Reader, StoreError};
use futures::StreamExt;
use jiff::Timestamp;
use object_store::ObjectStoreExt;
use object_store::buffered::BufReader;
use object_store::path::Path;
use oci_spec::image::Sha256Digest;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::backend::{Backend, Served};
use crate::location::Location;
use crate::spool::{self, Spooled, disk};

/// The directory of blobs.
const BLOBS: [&str; 2] = ["blobs", "sha256"];
/// The directory of names, by scope.
const REFS: &str = "refs";
/// The size of one read of a blob. A launch waits for the reads, and each read costs a switch of threads or a
/// request.
const READ_BYTES: usize = 1024 * 1024;
/// The longest name that is not hashed: file systems allow 255 characters.
const MAX_NAME_CHARS: usize = 200;
/// The file that marks an OCI layout.
const LAYOUT_FILE: &str = "oci-layout";
const LAYOUT: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;
/// The time within which the backend must report that the layout exists: a probe has 0.8 s.
const CHECK_LIMIT: Duration = Duration::from_millis(700);
/// The time that a list, or an opening for upkeep, may take: a scrape of the metrics waits for it.
const LOOK_LIMIT: Duration = Duration::from_secs(5);

/// The image that a name refers to.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Named {
    /// The OCI manifest of a built image, or none for an external reference.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) manifest: Option<Digest>,
    /// The image.
    pub(crate) image: Image,
}

/// The layout, in its directory or bucket.
pub(crate) struct Layout {
    backend: Backend,
}

impl Layout {
    /// Opens the layout to serve it, and creates it if it is missing.
    pub(crate) async fn open(location: &Location) -> Result<Self, StoreError> {
        Self::within(Backend::open(location).await?).await
    }

    /// Creates the layout in that backend if it is missing.
    pub(crate) async fn within(backend: Backend) -> Result<Self, StoreError> {
        let layout = Self { backend };
        layout.put(LAYOUT, &Path::from(LAYOUT_FILE)).await?;
        Ok(layout)
    }

    /// Opens an existing layout for upkeep. Its blobs and names are not changed. The second value says
    /// which other process has it open.
    pub(crate) async fn attach(location: &Location) -> Result<(Self, Served), StoreError> {
        let (backend, served) = Backend::attach(location, LAYOUT_FILE)?;
        let layout = Self { backend };
        match in_time(LOOK_LIMIT, layout.backend.objects.head(&Path::from(LAYOUT_FILE))).await {
            Ok(_) => Ok((layout, served)),
            Err(object_store::Error::NotFound { .. }) => Err(StoreError::Io(format!(
                "{location} is not an image store: {LAYOUT_FILE} is missing; set store to the same value as chainpod serve"
            ))),
            Err(error) => Err(layout.backend.failed(&error)),
        }
    }

    /// Returns a directory for unfinished files, which is removed when it is dropped.
    pub(crate) fn scratch(&self) -> Result<TempDir, StoreError> {
        self.backend.scratch()
    }

    /// Writes an unfinished file, and checks that the layout exists. Does not move a file to its location,
    /// because each move costs money in a bucket: this was checked at the start.
    pub(crate) async fn check(&self) -> Result<(), StoreError> {
        let scratch = self.scratch()?;
        let file = scratch.path().join("check");
        let written = tokio::fs::write(&file, LAYOUT).await;
        written.map_err(|error| disk(&file, &error))?;
        let there = in_time(CHECK_LIMIT, self.backend.objects.head(&Path::from(LAYOUT_FILE))).await;
        there.map(drop).map_err(|error| self.backend.failed(&error))
    }

    /// Returns the size of all blobs. Reads their metadata, not their content.
    pub(crate) async fn size_bytes(&self) -> Result<u64, StoreError> {
        let count = async {
            let mut blobs = self.backend.objects.list(Some(&Path::from_iter(BLOBS)));
            let mut bytes = 0;
            while let Some(blob) = blobs.next().await {
                match blob {
                    Ok(blob) => bytes += blob.size,
                    // This one is being removed.
                    Err(object_store::Error::NotFound { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(bytes)
        };
        in_time(LOOK_LIMIT, count)
            .await
            .map_err(|error| self.backend.failed(&error))
    }

    /// Stores a finished file as a blob.
    pub(crate) async fn keep(&self, spooled: &Spooled) -> Result<(), StoreError> {
        let blob = blob_path(&spooled.digest)?;
        self.backend.take(&spooled.path, &blob).await
    }

    /// Opens a blob for reading, and returns its size too.
    pub(crate) async fn blob(&self, digest: &Digest) -> Result<(Reader, u64), StoreError> {
        match self.backend.objects.head(&blob_path(digest)?).await {
            Ok(found) => {
                let objects = Arc::clone(&self.backend.objects);
                let reader = BufReader::with_capacity(objects, &found, READ_BYTES);
                Ok((Box::new(reader), found.size))
            }
            Err(object_store::Error::NotFound { .. }) => Err(StoreError::Missing(digest.clone())),
            Err(error) => Err(self.backend.failed(&error)),
        }
    }

    /// Gives a name to an image.
    pub(crate) async fn name(&self, scope: &Scope, name: &str, named: &Named) -> Result<(), StoreError> {
        let json = serde_json::to_vec(named).map_err(|error| StoreError::Io(error.to_string()))?;
        self.put(&json, &name_path(scope, name)?).await
    }

    /// Returns the image with that name.
    pub(crate) async fn named(&self, scope: &Scope, name: &str) -> Result<Option<Named>, StoreError> {
        self.read(&name_path(scope, name)?).await
    }

    /// Returns all images with a name in that scope.
    pub(crate) async fn all(&self, scope: &Scope) -> Result<Vec<Named>, StoreError> {
        self.below(&scope_path(scope)?).await
    }

    /// Returns all images with a name.
    pub(crate) async fn all_scopes(&self) -> Result<Vec<Named>, StoreError> {
        self.below(&Path::from(REFS)).await
    }

    async fn below(&self, prefix: &Path) -> Result<Vec<Named>, StoreError> {
        let mut objects = self.backend.objects.list(Some(prefix));
        let mut all = Vec::new();
        while let Some(object) = objects.next().await {
            let object = object.map_err(|error| self.backend.failed(&error))?;
            all.extend(self.read(&object.location).await?);
        }
        Ok(all)
    }

    /// Removes a name. Its blobs stay, as other images may share them.
    pub(crate) async fn forget(&self, scope: &Scope, name: &str) -> Result<bool, StoreError> {
        let path = name_path(scope, name)?;
        if self.read(&path).await?.is_none() {
            return Ok(false);
        }
        match self.backend.objects.delete(&path).await {
            Ok(()) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(self.backend.failed(&error)),
        }
    }

    /// Removes all blobs except `needed`, and returns their number.
    pub(crate) async fn retain(&self, needed: &HashSet<Digest>) -> Result<usize, StoreError> {
        let idle = self.idle(needed).await?;
        for (path, _) in &idle {
            self.backend
                .objects
                .delete(path)
                .await
                .map_err(|error| self.backend.failed(&error))?;
        }
        Ok(idle.len())
    }

    /// Returns all blobs except `needed`, with their sizes. Skips young blobs that another process may be about to
    /// name.
    pub(crate) async fn idle(&self, needed: &HashSet<Digest>) -> Result<Vec<(Path, u64)>, StoreError> {
        let mut blobs = self.backend.objects.list(Some(&Path::from_iter(BLOBS)));
        let mut idle = Vec::new();
        let old = Timestamp::now() - self.backend.unnamed_for();
        while let Some(blob) = blobs.next().await {
            let blob = blob.map_err(|error| self.backend.failed(&error))?;
            let digest = Digest(format!("sha256:{}", blob.location.filename().unwrap_or_default()));
            if !needed.contains(&digest) && blob.last_modified.timestamp() <= old.as_second() {
                idle.push((blob.location, blob.size));
            }
        }
        Ok(idle)
    }

    /// Returns the blobs that named images need.
    pub(crate) async fn named_blobs(&self) -> Result<HashSet<Digest>, StoreError> {
        let mut needed = HashSet::new();
        for named in self.all_scopes().await? {
            needed.extend(named.image.overlay.into_iter().flat_map(|overlay| overlay.layers));
            needed.extend(named.manifest);
            // A built image's id is its configuration's digest.
            needed.insert(named.image.id);
        }
        Ok(needed)
    }

    /// Returns true if any other scope has a name.
    pub(crate) async fn has_others(&self, scope: &Scope) -> Result<bool, StoreError> {
        let own = scope_path(scope)?;
        let mut names = self.backend.objects.list(Some(&Path::from(REFS)));
        while let Some(name) = names.next().await {
            let name = name.map_err(|error| self.backend.failed(&error))?.location;
            if !name.prefix_matches(&own) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn read(&self, path: &Path) -> Result<Option<Named>, StoreError> {
        let found = match self.backend.objects.get(path).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(self.backend.failed(&error)),
        };
        let bytes = found.bytes().await.map_err(|error| self.backend.failed(&error))?;
        let named = serde_json::from_slice(&bytes).map_err(|error| {
            StoreError::Io(format!(
                "{path} is damaged: {error}; remove it and build the image again"
            ))
        })?;
        Ok(Some(named))
    }

    async fn put(&self, bytes: &[u8], path: &Path) -> Result<(), StoreError> {
        let scratch = self.scratch()?;
        let spooled = spool::write(scratch.path().join("object"), bytes).await?;
        self.backend.take(&spooled.path, path).await
    }
}

/// Returns the answer, or an error if it does not arrive in time.
async fn in_time<T>(
    limit: Duration,
    answer: impl Future<Output = object_store::Result<T>>,
) -> object_store::Result<T> {
    let waited = tokio::time::timeout(limit, answer).await;
    waited.unwrap_or_else(|_| {
        Err(object_store::Error::Generic {
            store: "object store",
            source: format!("no answer within {} s", limit.as_secs_f32()).into(),
        })
    })
}

fn blob_path(digest: &Digest) -> Result<Path, StoreError> {
    let hex = digest.0.strip_prefix("sha256:").unwrap_or_default();
    match hex.parse::<Sha256Digest>() {
        Ok(hex) => Ok(Path::from_iter(BLOBS.into_iter().chain([hex.digest()]))),
        Err(_) => Err(StoreError::Missing(digest.clone())),
    }
}

fn scope_path(scope: &Scope) -> Result<Path, StoreError> {
    parse(&format!("{REFS}/{}", encoded(&scope.0)))
}

fn name_path(scope: &Scope, name: &str) -> Result<Path, StoreError> {
    parse(&format!("{REFS}/{}/{}", encoded(&scope.0), encoded(name)))
}

fn parse(path: &str) -> Result<Path, StoreError> {
    Path::parse(path).map_err(|error| StoreError::Invalid(error.to_string()))
}

/// Returns the name as a file name, with special characters written as `=XX`.
fn encoded(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"._-".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("={byte:02x}"));
        }
    }
    if text.len() <= MAX_NAME_CHARS {
        text
    } else {
        format!("=sha256={}", hex::encode(Sha256::digest(name)))
    }
}
