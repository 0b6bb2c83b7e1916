//! What a directory and a bucket do differently: where unfinished things are,
//! how a finished file arrives, who else may be there, what a failure means.

use std::fs::File;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use engine::ports::StoreError;
use object_store::ObjectStore;
use object_store::aws::AmazonS3Builder;
use object_store::buffered::BufWriter;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{BackoffConfig, ObjectStoreExt, RetryConfig};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;

use crate::Location;
use crate::spool::disk;

/// Where unfinished things are in a directory: on the same disk as the blobs, so that a rename is enough.
const TEMPORARY: &str = "tmp";
/// The file that is locked: shared by who serves, alone by who tidies up.
const LOCK: &str = "lock";
/// What is sent to a bucket in one request: as much as a part may not be less (5 MiB), and some more.
const PART_BYTES: usize = 8 << 20;
/// Parts on their way at once: together with the next one, what an upload takes of memory.
const PARTS: usize = 2;
/// How long a service that is away is waited for: its restart, and well below the peers' 300 s.
const RETRY_LIMIT: Duration = Duration::from_secs(60);
/// The longest pause between two attempts.
const RETRY_PAUSE: Duration = Duration::from_secs(2);
/// Attempts: the limit above is what ends them.
const RETRIES: usize = 100;
/// How old a bucket's blob is before it can be idle: another process may be about to name a younger one.
const UNNAMED_FOR: Duration = Duration::from_hours(1);

/// A place for a layout.
pub(crate) struct Place {
    pub(crate) objects: Arc<dyn ObjectStore>,
    location: Location,
    scratch: Scratch,
    /// Locked as long as the place is open.
    _lock: Option<File>,
}

/// Where unfinished things are.
enum Scratch {
    /// In the store's own directory.
    Within(PathBuf),
    /// On a disk of this machine, to be uploaded from there.
    Beside(TempDir),
}

impl Place {
    /// Opens it to serve; what an earlier process left unfinished in a directory goes.
    pub(crate) async fn open(location: &Location) -> Result<Self, StoreError> {
        let Location::Directory(root) = location else {
            return Self::bucket(location);
        };
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
        Self::directory(root, shared_lock(root).await)
    }

    /// Opens it to tidy up; whether nobody else has it open. A bucket cannot tell. A directory without the
    /// file `marker` is not touched.
    pub(crate) fn attach(location: &Location, marker: &str) -> Result<(Self, bool), StoreError> {
        let Location::Directory(root) = location else {
            return Ok((Self::bucket(location)?, false));
        };
        if !root.join(marker).is_file() {
            return Err(StoreError::Io(format!("{location} is none: it has no {marker}")));
        }
        let file = root.join(LOCK);
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&file);
        let lock = lock.map_err(|error| disk(&file, &error))?;
        let is_alone = lock.try_lock().is_ok();
        Ok((Self::directory(root, Some(lock))?, is_alone))
    }

    fn directory(root: &FilePath, lock: Option<File>) -> Result<Self, StoreError> {
        let location = Location::Directory(root.to_owned());
        let objects = LocalFileSystem::new_with_prefix(root).map_err(|error| failed(&location, &error))?;
        Ok(Self {
            objects: Arc::new(objects.with_fsync(true)),
            scratch: Scratch::Within(root.join(TEMPORARY)),
            location,
            _lock: lock,
        })
    }

    /// The service, its region and the credentials are AWS's variables of the environment.
    fn bucket(location: &Location) -> Result<Self, StoreError> {
        let (name, prefix) = match location {
            Location::Bucket { name, prefix } => (name.as_str(), prefix.as_str()),
            Location::Directory(_) => Default::default(),
        };
        let retry = RetryConfig {
            backoff: BackoffConfig {
                max_backoff: RETRY_PAUSE,
                ..BackoffConfig::default()
            },
            max_retries: RETRIES,
            retry_timeout: RETRY_LIMIT,
        };
        let service = AmazonS3Builder::from_env()
            .with_bucket_name(name)
            .with_retry(retry);
        let service = service.build().map_err(|error| failed(location, &error))?;
        Self::remote(location, Arc::new(PrefixStore::new(service, prefix)))
    }

    /// What is on its way to those objects is on this machine's own disk.
    pub(crate) fn remote(location: &Location, objects: Arc<dyn ObjectStore>) -> Result<Self, StoreError> {
        let beside = std::env::temp_dir();
        let scratch = TempDir::with_prefix_in("chainpod-", &beside).map_err(|error| disk(&beside, &error))?;
        Ok(Self {
            objects,
            location: location.clone(),
            scratch: Scratch::Beside(scratch),
            _lock: None,
        })
    }

    /// A directory for unfinished things; it goes when it is dropped.
    pub(crate) fn scratch(&self) -> Result<TempDir, StoreError> {
        let within = match &self.scratch {
            Scratch::Within(path) => path,
            Scratch::Beside(directory) => directory.path(),
        };
        TempDir::new_in(within).map_err(|error| disk(within, &error))
    }

    /// Brings a finished file there, whole or not at all.
    pub(crate) async fn take(&self, from: &FilePath, to: &Path) -> Result<(), StoreError> {
        let Location::Directory(root) = &self.location else {
            return self.upload(from, to).await;
        };
        let from = from
            .strip_prefix(root)
            .ok()
            .and_then(FilePath::to_str)
            .ok_or_else(|| StoreError::Io(format!("{} is not in the store", from.display())))?;
        let from = Path::parse(from).map_err(|error| StoreError::Io(error.to_string()))?;
        let renamed = self.objects.rename(&from, to).await;
        renamed.map_err(|error| self.failed(&error))
    }

    async fn upload(&self, from: &FilePath, to: &Path) -> Result<(), StoreError> {
        let mut file = tokio::fs::File::open(from)
            .await
            .map_err(|error| disk(from, &error))?;
        let mut upload = BufWriter::with_capacity(Arc::clone(&self.objects), to.clone(), PART_BYTES)
            .with_max_concurrency(PARTS);
        let sent = match tokio::io::copy(&mut file, &mut upload).await {
            Ok(_) => upload.shutdown().await,
            Err(error) => {
                // Parts that stay are the bucket's own rules' to remove.
                let _ = upload.abort().await;
                Err(error)
            }
        };
        sent.map_err(|error| self.failed(&sent_error(error)))
    }

    /// How old a blob that nothing names must be before it goes.
    pub(crate) const fn unnamed_for(&self) -> Duration {
        match self.location {
            Location::Directory(_) => Duration::ZERO,
            Location::Bucket { .. } => UNNAMED_FOR,
        }
    }

    /// A failure of the object store, with what to do about it.
    pub(crate) fn failed(&self, error: &object_store::Error) -> StoreError {
        failed(&self.location, error)
    }
}

fn failed(location: &Location, error: &object_store::Error) -> StoreError {
    match location {
        Location::Directory(_) => of_directory(error),
        Location::Bucket { .. } => StoreError::Io(format!("{location}: {error}; {}", remedy(error))),
    }
}

/// A full or read-only disk is said with its remedy.
fn of_directory(error: &object_store::Error) -> StoreError {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(cause) = source {
        if let Some(cause) = cause.downcast_ref::<std::io::Error>() {
            return disk(FilePath::new(&error.to_string()), cause);
        }
        source = cause.source();
    }
    StoreError::Io(error.to_string())
}

/// What the service said, which came as an error of writing.
fn sent_error(error: std::io::Error) -> object_store::Error {
    error
        .downcast()
        .unwrap_or_else(|error| object_store::Error::Generic {
            store: "S3",
            source: error.into(),
        })
}

const fn remedy(error: &object_store::Error) -> &'static str {
    match error {
        object_store::Error::NotFound { .. } => "make the bucket, or name another in store",
        object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => {
            "give chainpod credentials that may get, put, list and delete there (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a role)"
        }
        _ => "see that the service is there (AWS_ENDPOINT_URL, AWS_REGION) and that chainpod reaches it",
    }
}

/// Says that this process has the directory open; waits for who tidies it up. Where the file system knows no
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
