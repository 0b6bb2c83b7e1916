//! The lock on a store's directory. One process at a time has the directory open to change it, and says in the
//! lock's file who it is.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use engine::Reminder;
use engine::ports::StoreError;

use crate::spool::disk;

/// The file that is locked.
const LOCK: &str = "lock";
/// The file with this machine's name, which is the Pod's name in a Pod.
const HOST_NAME: &str = "/proc/sys/kernel/hostname";
/// The pause between two tries.
const PAUSE: Duration = Duration::from_secs(1);

/// The outcome of a try to lock a directory.
pub(crate) enum Locked {
    /// It is locked until the file is dropped.
    Held(File),
    /// Another process has it open: its name.
    By(String),
    /// The file system has no locks.
    Never,
}

/// Tries once to lock the directory.
pub(crate) fn try_lock(root: &Path) -> Result<Locked, StoreError> {
    let path = root.join(LOCK);
    let failed = |error| disk(&path, &error);
    if !path.exists() {
        File::create(&path).map_err(failed)?;
    }
    // Opened for reading: a volume with a file open for writing cannot become read-only. NFS locks only files that
    // are open for writing.
    let file = File::open(&path).map_err(failed)?;
    let locked = match file.try_lock() {
        Err(TryLockError::Error(_)) => {
            let file = File::options().write(true).open(&path).map_err(failed)?;
            file.try_lock().map(|()| file)
        }
        locked => locked.map(|()| file),
    };
    Ok(match locked {
        Ok(file) => {
            // A lock without a name is a lock.
            let _ = std::fs::write(&path, own_name());
            Locked::Held(file)
        }
        Err(TryLockError::WouldBlock) => Locked::By(holder(&path)),
        Err(TryLockError::Error(_)) => Locked::Never,
    })
}

/// Locks the directory, after waiting for the process that has it open. Returns none if the file system has no
/// locks.
pub(crate) async fn lock(root: PathBuf) -> Result<Option<File>, StoreError> {
    let mut reminder = Reminder::default();
    loop {
        let holder = match try_lock(&root)? {
            Locked::Held(file) => return Ok(Some(file)),
            Locked::Never => return Ok(None),
            Locked::By(holder) => holder,
        };
        if reminder.is_due() {
            tracing::warn!(store = %root.display(), holder, "waiting for the image store: another process has it open");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn own_name() -> String {
    let host = std::fs::read_to_string(HOST_NAME).unwrap_or_default();
    format!("process {} on {}", std::process::id(), host.trim())
}

fn holder(path: &Path) -> String {
    match std::fs::read_to_string(path) {
        Ok(name) if !name.is_empty() => name,
        _ => "another process".to_owned(),
    }
}
