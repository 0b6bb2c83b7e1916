//! The OCI layout on disk: blobs by digest, one small object per name, and a
//! directory for what is not finished. Everything arrives by rename.

use std::collections::HashSet;
use std::fs::File;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use engine::image::{Digest, Image};
use engine::name::Scope;
use engine::ports::{Reader, StoreError};
use futures::StreamExt;
use object_store::buffered::BufReader;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::reference::is_digest;
use crate::spool::{self, Spooled, disk};

/// Where unfinished things are, on the same disk as the blobs so that a rename is enough.
const TEMPORARY: &str = "tmp";
/// Where blobs are.
const BLOBS: [&str; 2] = ["blobs", "sha256"];
/// Where names are, by scope.
const REFS: &str = "refs";
/// The file that is locked: shared by who serves, alone by who tidies up.
const LOCK: &str = "lock";
/// How much of a blob is read at once: a launch waits for it, and each read costs a thread's turn, or a
/// request.
const READ_BYTES: usize = 1024 * 1024;
/// Longer names are hashed: file systems end at 255.
const MAX_NAME_CHARS: usize = 200;
/// The file that says that this is an OCI layout, and what it says.
const LAYOUT_FILE: &str = "oci-layout";
const LAYOUT: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;

/// What a name stands for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Named {
    /// The OCI manifest of a built image; none for an external reference.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) manifest: Option<Digest>,
    /// The image.
    pub(crate) image: Image,
}

/// The layout's directory.
pub(crate) struct Layout {
    root: PathBuf,
    objects: Arc<LocalFileSystem>,
    /// Locked as long as the layout is open.
    _lock: Option<File>,
}

impl Layout {
    /// Opens the layout, makes it if it is not there, and sweeps what an earlier process left unfinished.
    pub(crate) async fn open(root: &FilePath) -> Result<Self, StoreError> {
        let temporary = root.join(TEMPORARY);
        match tokio::fs::remove_dir_all(&temporary).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(disk(&temporary, &error));
            }
            _ => {}
        }
        tokio::fs::create_dir_all(&temporary)
            .await
            .map_err(|error| disk(&temporary, &error))?;
        let objects = LocalFileSystem::new_with_prefix(root)
            .map_err(|error| failed(&error))?
            .with_fsync(true);
        let layout = Self {
            root: root.to_owned(),
            objects: Arc::new(objects),
            _lock: shared_lock(root).await,
        };
        layout.put(LAYOUT, &Path::from(LAYOUT_FILE)).await?;
        Ok(layout)
    }

    /// Opens a layout that is there, to tidy it up; whether nobody else has it open. Nothing in it is touched.
    pub(crate) fn attach(root: &FilePath) -> Result<(Self, bool), StoreError> {
        if !root.join(LAYOUT_FILE).is_file() {
            let root = root.display();
            return Err(StoreError::Io(format!("{root} is none: it has no {LAYOUT_FILE}")));
        }
        let file = root.join(LOCK);
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&file);
        let lock = lock.map_err(|error| disk(&file, &error))?;
        let is_alone = lock.try_lock().is_ok();
        let objects = LocalFileSystem::new_with_prefix(root).map_err(|error| failed(&error))?;
        let layout = Self {
            root: root.to_owned(),
            objects: Arc::new(objects),
            _lock: Some(lock),
        };
        Ok((layout, is_alone))
    }

    /// A directory for unfinished things; it goes when it is dropped.
    pub(crate) fn scratch(&self) -> Result<TempDir, StoreError> {
        let temporary = self.root.join(TEMPORARY);
        TempDir::new_in(&temporary).map_err(|error| disk(&temporary, &error))
    }

    /// Writes something, to see whether that can be done.
    pub(crate) async fn check(&self) -> Result<(), StoreError> {
        let scratch = self.scratch()?;
        let file = scratch.path().join("check");
        let written = tokio::fs::write(&file, LAYOUT).await;
        written.map_err(|error| disk(&file, &error))
    }

    /// What all blobs take together: their metadata is read, not they.
    pub(crate) async fn size_bytes(&self) -> Result<u64, StoreError> {
        let mut blobs = self.objects.list(Some(&Path::from_iter(BLOBS)));
        let mut bytes = 0;
        while let Some(blob) = blobs.next().await {
            match blob {
                Ok(blob) => bytes += blob.size,
                // One that is just being removed.
                Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(failed(&error)),
            }
        }
        Ok(bytes)
    }

    /// Makes a finished file a blob.
    pub(crate) async fn keep(&self, spooled: &Spooled) -> Result<(), StoreError> {
        let blob = blob_path(&spooled.digest)?;
        self.rename(&spooled.path, &blob).await
    }

    /// Reads a blob, and its size.
    pub(crate) async fn blob(&self, digest: &Digest) -> Result<(Reader, u64), StoreError> {
        match self.objects.head(&blob_path(digest)?).await {
            Ok(found) => {
                let objects = Arc::clone(&self.objects) as Arc<dyn ObjectStore>;
                let reader = BufReader::with_capacity(objects, &found, READ_BYTES);
                Ok((Box::new(reader), found.size))
            }
            Err(object_store::Error::NotFound { .. }) => Err(StoreError::Missing(digest.clone())),
            Err(error) => Err(failed(&error)),
        }
    }

    /// Gives a name to an image.
    pub(crate) async fn name(&self, scope: &Scope, name: &str, named: &Named) -> Result<(), StoreError> {
        let json = serde_json::to_vec(named).map_err(|error| StoreError::Io(error.to_string()))?;
        self.put(&json, &name_path(scope, name)?).await
    }

    /// What that name stands for.
    pub(crate) async fn named(&self, scope: &Scope, name: &str) -> Result<Option<Named>, StoreError> {
        self.read(&name_path(scope, name)?).await
    }

    /// Everything that has a name in that scope.
    pub(crate) async fn all(&self, scope: &Scope) -> Result<Vec<Named>, StoreError> {
        self.below(&scope_path(scope)?).await
    }

    /// Everything that has a name.
    pub(crate) async fn all_scopes(&self) -> Result<Vec<Named>, StoreError> {
        self.below(&Path::from(REFS)).await
    }

    async fn below(&self, prefix: &Path) -> Result<Vec<Named>, StoreError> {
        let mut objects = self.objects.list(Some(prefix));
        let mut all = Vec::new();
        while let Some(object) = objects.next().await {
            let object = object.map_err(|error| failed(&error))?;
            all.extend(self.read(&object.location).await?);
        }
        Ok(all)
    }

    /// Forgets a name; its blobs may be others' too and stay.
    pub(crate) async fn forget(&self, scope: &Scope, name: &str) -> Result<bool, StoreError> {
        let path = name_path(scope, name)?;
        if self.read(&path).await?.is_none() {
            return Ok(false);
        }
        match self.objects.delete(&path).await {
            Ok(()) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(failed(&error)),
        }
    }

    /// Removes all blobs but these; how many.
    pub(crate) async fn retain(&self, needed: &HashSet<Digest>) -> Result<usize, StoreError> {
        let idle = self.idle(needed).await?;
        for (path, _) in &idle {
            self.objects.delete(path).await.map_err(|error| failed(&error))?;
        }
        Ok(idle.len())
    }

    /// All blobs but these, with their sizes.
    pub(crate) async fn idle(&self, needed: &HashSet<Digest>) -> Result<Vec<(Path, u64)>, StoreError> {
        let mut blobs = self.objects.list(Some(&Path::from_iter(BLOBS)));
        let mut idle = Vec::new();
        while let Some(blob) = blobs.next().await {
            let blob = blob.map_err(|error| failed(&error))?;
            let digest = Digest(format!("sha256:{}", blob.location.filename().unwrap_or_default()));
            if !needed.contains(&digest) {
                idle.push((blob.location, blob.size));
            }
        }
        Ok(idle)
    }

    /// The blobs that names need.
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

    /// Whether anything has a name in another scope than that one.
    pub(crate) async fn has_others(&self, scope: &Scope) -> Result<bool, StoreError> {
        let own = scope_path(scope)?;
        let mut names = self.objects.list(Some(&Path::from(REFS)));
        while let Some(name) = names.next().await {
            let name = name.map_err(|error| failed(&error))?.location;
            if !name.prefix_matches(&own) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn read(&self, path: &Path) -> Result<Option<Named>, StoreError> {
        let found = match self.objects.get(path).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(failed(&error)),
        };
        let bytes = found.bytes().await.map_err(|error| failed(&error))?;
        let named = serde_json::from_slice(&bytes).map_err(|error| {
            StoreError::Io(format!(
                "{path} is damaged: {error}; remove it and build the image anew"
            ))
        })?;
        Ok(Some(named))
    }

    async fn put(&self, bytes: &[u8], path: &Path) -> Result<(), StoreError> {
        let scratch = self.scratch()?;
        let spooled = spool::write(scratch.path().join("object"), bytes).await?;
        self.rename(&spooled.path, path).await
    }

    async fn rename(&self, from: &FilePath, to: &Path) -> Result<(), StoreError> {
        let from = from
            .strip_prefix(&self.root)
            .ok()
            .and_then(FilePath::to_str)
            .ok_or_else(|| StoreError::Io(format!("{} is not in the store", from.display())))?;
        let from = Path::parse(from).map_err(|error| StoreError::Io(error.to_string()))?;
        self.objects
            .rename(&from, to)
            .await
            .map_err(|error| failed(&error))
    }
}

/// Says that this process has the layout open; waits for who tidies it up. Where the file system knows no
/// locks, nobody can tell.
async fn shared_lock(root: &FilePath) -> Option<File> {
    let file = root.join(LOCK);
    let locked = tokio::task::spawn_blocking(move || {
        if !file.exists() {
            File::create(&file)?;
        }
        // For reading: a volume whose file is open for writing cannot become read-only.
        let lock = File::open(&file)?;
        lock.lock_shared().map(|()| lock)
    });
    locked.await.ok()?.ok()
}

fn blob_path(digest: &Digest) -> Result<Path, StoreError> {
    match digest.0.split_once(':') {
        Some((_, hex)) if is_digest(&digest.0) => Ok(Path::from_iter(BLOBS.into_iter().chain([hex]))),
        _ => Err(StoreError::Missing(digest.clone())),
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

/// The name as a file's name: what is not plain becomes `=XX`.
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

/// A failure of the object store; a full or read-only disk is said with its remedy.
fn failed(error: &object_store::Error) -> StoreError {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(cause) = source {
        if let Some(cause) = cause.downcast_ref::<std::io::Error>() {
            return disk(FilePath::new(&error.to_string()), cause);
        }
        source = cause.source();
    }
    StoreError::Io(error.to_string())
}
