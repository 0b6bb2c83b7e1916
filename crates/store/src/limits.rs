//! What an archive may be. The limits are far beyond what chaincode has, and
//! keep a client from filling our memory or disk with a few bytes of its own.

use std::path::{Component, Path, PathBuf};

use engine::ports::{Reader, StoreError};
use futures::StreamExt;
use tokio::io::AsyncReadExt;
use tokio_tar::{Archive, EntryType};

/// Uncompressed bytes of one archive: a peer's own limit for a package is 100 MiB, and gzip makes a
/// thousand times as much of a few.
pub(crate) const MAX_ARCHIVE_BYTES: u64 = 4 << 30;
/// Entries of one archive: `node_modules` has some ten thousand, and each takes about 200 bytes of
/// memory in a build.
const MAX_ENTRIES: usize = 250_000;
/// A path's length: Linux opens none that is longer (`PATH_MAX`).
const MAX_PATH_BYTES: usize = 4096;
/// What comes before an entry to tell its long name or attributes, and is read into memory: the longest
/// path, and the largest attribute that Linux has (64 KiB).
const MAX_EXTENSION_BYTES: u64 = 128 << 10;

/// Looks at an archive's bare headers: from then on it may be read entry by entry.
///
/// # Errors
/// `Invalid` beyond a limit, `Cut` or `Invalid` for what is no tar.
pub(crate) async fn check(tar: Reader) -> Result<(), StoreError> {
    let mut archive = Archive::new(tar);
    let mut entries = archive.entries_raw().map_err(|error| no_tar(&error))?;
    let mut count = 0;
    while let Some(entry) = entries.next().await {
        let mut entry = entry.map_err(|error| no_tar(&error))?;
        let kind = entry.header().entry_type();
        if !is_extension(kind) {
            count += 1;
            if count > MAX_ENTRIES {
                return Err(beyond(&format!("more than {MAX_ENTRIES} entries")));
            }
            continue;
        }
        if entry.header().raw_entry_size().map_err(|error| no_tar(&error))? > MAX_EXTENSION_BYTES {
            return Err(beyond(&format!(
                "a name or attributes of more than {MAX_EXTENSION_BYTES} bytes"
            )));
        }
        let mut content = Vec::new();
        entry
            .read_to_end(&mut content)
            .await
            .map_err(|error| no_tar(&error))?;
        if kind.is_pax_local_extensions() && tells_size(&content) {
            // Needed from 8 GiB on; and whoever reads without it would see other entries.
            return Err(beyond("an entry of 8 GiB or more"));
        }
    }
    Ok(())
}

/// An entry's path without its root and dots. Absolute names are legal: peers send them.
///
/// # Errors
/// `Invalid` where it climbs out by `..`, or is longer than Linux knows.
pub(crate) fn entry_path(path: &Path) -> Result<PathBuf, StoreError> {
    if path.as_os_str().len() > MAX_PATH_BYTES {
        let start: String = path.to_string_lossy().chars().take(64).collect();
        return Err(beyond(&format!(
            "a path of more than {MAX_PATH_BYTES} bytes: {start}…"
        )));
    }
    relative(path)
}

/// The path without its root and dots.
///
/// # Errors
/// `Invalid` where it leads out of where it starts.
pub(crate) fn relative(path: &Path) -> Result<PathBuf, StoreError> {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(part) => clean.push(part),
            Component::ParentDir if !clean.pop() => {
                return Err(StoreError::Invalid(format!(
                    "Forbidden path outside the build context: {}",
                    path.display()
                )));
            }
            _ => {}
        }
    }
    Ok(clean)
}

/// What is wrong with a tar: cut off, or none.
pub(crate) fn no_tar(error: &std::io::Error) -> StoreError {
    let text = error.to_string();
    let is_cut = error.kind() == std::io::ErrorKind::UnexpectedEof
        || text.contains("unexpected EOF")
        || text.contains("failed to read entire block");
    if is_cut {
        StoreError::Cut(text)
    } else {
        StoreError::Invalid(format!("this is no valid tar: {text}"))
    }
}

/// A refusal of what no chaincode has.
pub(crate) fn beyond(what: &str) -> StoreError {
    StoreError::Invalid(format!("the archive has {what}"))
}

fn is_extension(kind: EntryType) -> bool {
    kind.is_gnu_longname()
        || kind.is_gnu_longlink()
        || kind.is_pax_local_extensions()
        || kind.is_pax_global_extensions()
}

/// Whether extended attributes (`LENGTH KEY=VALUE` lines) have one for the size.
fn tells_size(attributes: &[u8]) -> bool {
    attributes.windows(6).any(|bytes| bytes == b" size=")
}
