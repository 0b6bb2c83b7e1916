//! The differences between a directory and a bucket: where unfinished files are, how finished files arrive,
//! whether other processes are noticed, and which remedies failures have.

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

use crate::location::Location;
use crate::lock::{self, Locked};
use crate::spool::disk;

/// The subdirectory for unfinished files of a directory, with one directory for each process that served: on the
/// same disk as the blobs, so that a rename is enough.
const TEMPORARY: &str = "tmp";
/// The size of one upload request to a bucket: above the minimum of a part (5 MiB).
const PART_BYTES: usize = 8 << 20;
/// The number of parts that are uploaded at once. An upload takes the memory of these parts and the next one.
const PARTS: usize = 2;
/// The time to wait for a service that does not answer: enough for its restart, and well below the peers' 300
/// s.
const RETRY_LIMIT: Duration = Duration::from_secs(60);
/// The longest pause between two attempts.
const RETRY_PAUSE: Duration = Duration::from_secs(2);
/// The number of attempts: so many that the time limit is reached first.
const RETRIES: usize = 100;
/// The minimum age of an idle blob in a bucket: another process may be about to name a younger blob.
const UNNAMED_FOR: Duration = Duration::from_hours(1);

/// The directory or bucket of a layout.
pub(crate) struct Backend {
    pub(crate) objects: Arc<dyn ObjectStore>,
    location: Location,
    scratch: Scratch,
    /// Locked while the directory is open.
    _lock: Option<File>,
}

/// The processes that have a place open to serve it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Served {
    /// There is none, and none can open it now.
    No,
    /// This one.
    By(String),
    /// The place cannot tell: a bucket, or a file system without locks.
    Perhaps,
}

/// The location of unfinished files.
enum Scratch {
    /// This process's own directory.
    Own(TempDir),
    /// The parent of such directories, for upkeep.
    Shared(PathBuf),
}

impl Backend {
    /// Opens the backend to serve it. Waits until no other process has a directory open, and removes the
    /// unfinished files of earlier processes.
    pub(crate) async fn open(location: &Location) -> Result<Self, StoreError> {
        let Location::Directory(root) = location else {
            return Self::bucket(location);
        };
        let temporary = root.join(TEMPORARY);
        let failed = |error| disk(&temporary, &error);
        tokio::fs::create_dir_all(root)
            .await
            .map_err(|error| disk(root, &error))?;
        let lock = lock::lock(root.clone()).await?;
        match &lock {
            Some(_) => remove_if_there(&temporary).await.map_err(failed)?,
            None => {
                tracing::warn!(store = %root.display(), "the file system has no locks: unfinished files of earlier processes stay");
            }
        }
        tokio::fs::create_dir_all(&temporary).await.map_err(failed)?;
        let own = TempDir::new_in(&temporary).map_err(failed)?;
        Self::directory(root, Scratch::Own(own), lock)
    }

    /// Opens the backend for upkeep. The second value says which other process has it open. A directory
    /// without the file `marker` is not changed.
    pub(crate) fn attach(location: &Location, marker: &str) -> Result<(Self, Served), StoreError> {
        let Location::Directory(root) = location else {
            return Ok((Self::bucket(location)?, Served::Perhaps));
        };
        if !root.join(marker).is_file() {
            return Err(StoreError::Io(format!(
                "{location} is not an image store: {marker} is missing; set store to the same value as chainpod serve"
            )));
        }
        let (lock, served) = match lock::try_lock(root)? {
            Locked::Held(lock) => (Some(lock), Served::No),
            Locked::By(holder) => (None, Served::By(holder)),
            Locked::Never => (None, Served::Perhaps),
        };
        let shared = Scratch::Shared(root.join(TEMPORARY));
        Ok((Self::directory(root, shared, lock)?, served))
    }

    fn directory(root: &FilePath, scratch: Scratch, lock: Option<File>) -> Result<Self, StoreError> {
        let location = Location::Directory(root.to_owned());
        let objects = LocalFileSystem::new_with_prefix(root).map_err(|error| failed(&location, &error))?;
        Ok(Self {
            objects: Arc::new(objects.with_fsync(true)),
            scratch,
            location,
            _lock: lock,
        })
    }

    /// Opens a bucket. AWS's environment variables name the service, its region and the credentials.
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

    /// Returns the backend for `objects`, with unfinished files on this machine's own disk.
    pub(crate) fn remote(location: &Location, objects: Arc<dyn ObjectStore>) -> Result<Self, StoreError> {
        let beside = std::env::temp_dir();
        let scratch = TempDir::with_prefix_in("chainpod-", &beside).map_err(|error| disk(&beside, &error))?;
        Ok(Self {
            objects,
            location: location.clone(),
            scratch: Scratch::Own(scratch),
            _lock: None,
        })
    }

    /// Returns a directory for unfinished files, which is removed when it is dropped.
    pub(crate) fn scratch(&self) -> Result<TempDir, StoreError> {
        let within = match &self.scratch {
            Scratch::Own(directory) => directory.path(),
            Scratch::Shared(path) => path,
        };
        TempDir::new_in(within).map_err(|error| disk(within, &error))
    }

    /// Moves a finished file to its location. It arrives whole or not at all.
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
                // If parts stay, the bucket's own rules have to remove them.
                let _ = upload.abort().await;
                Err(error)
            }
        };
        sent.map_err(|error| self.failed(&sent_error(error)))
    }

    /// Returns the age that a blob without a name must have before it is removed.
    pub(crate) const fn unnamed_for(&self) -> Duration {
        match self.location {
            Location::Directory(_) => Duration::ZERO,
            Location::Bucket { .. } => UNNAMED_FOR,
        }
    }

    /// Returns the error for a failure of the object store, with its remedy.
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

/// Adds the remedy for a full or read-only disk.
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

/// Returns the service's error, which came inside a write error.
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
        object_store::Error::NotFound { .. } => "create the bucket, or set store to another one",
        object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => {
            "give chainpod credentials that allow get, put, list and delete in this prefix (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a role)"
        }
        _ => "check that the service runs (AWS_ENDPOINT_URL, AWS_REGION) and that chainpod can reach it",
    }
}

async fn remove_if_there(folder: &FilePath) -> std::io::Result<()> {
    match tokio::fs::remove_dir_all(folder).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
