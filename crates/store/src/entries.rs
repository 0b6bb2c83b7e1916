//! The one reader of archives. Each archive is read once: the entries that are checked are the entries that
//! are used, and a limit is checked before the bytes beyond it are read.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use engine::ports::{Reader, StoreError};
use futures::StreamExt;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, BufReader, ReadBuf};
use tokio::task::coop;
use tokio_tar::{Archive, EntryType};

use crate::limits::{ARCHIVE, ENTRIES, EXTENSIONS, TARGET, beyond, entry_path, relative, start};

/// The size of a tar's block. A header is one block, and contents are padded to whole blocks.
const BLOCK_BYTES: u64 = 512;
/// The prefix of the attributes that turn a plain file into a sparse one.
const SPARSE_ATTRIBUTE: &[u8] = b"GNU.sparse.";
/// The size of a buffer: headers are small, and each read of a file changes threads.
const BUFFER_BYTES: usize = 128 * 1024;

/// The content of an entry. It must be read before the next entry.
pub(crate) type Content = tokio_tar::Entry<Archive<Fence>>;

/// The entries of an archive.
pub(crate) struct Entries {
    entries: tokio_tar::Entries<Fence>,
    /// The position up to which the archive may be read now.
    fence: Arc<AtomicU64>,
    /// The end of the last entry.
    end: u64,
    count: u64,
}

/// An entry that is within all limits.
pub(crate) struct Entry {
    /// Its path without root and dots.
    pub(crate) path: PathBuf,
    pub(crate) kind: EntryType,
    /// The target of a link: a hard link's without root and dots, a symbolic link's unchanged.
    pub(crate) link: Option<PathBuf>,
    /// The position of its content in the archive.
    pub(crate) offset: u64,
    pub(crate) size: u64,
    pub(crate) content: Content,
}

impl Entries {
    /// Starts to read an uncompressed tar.
    ///
    /// # Errors
    /// Returns `Invalid` if it is not a tar.
    pub(crate) fn new(tar: Reader) -> Result<Self, StoreError> {
        let fence = Arc::default();
        let tar = Fence {
            tar: BufReader::with_capacity(BUFFER_BYTES, tar),
            read: 0,
            end: Arc::clone(&fence),
        };
        let entries = Archive::new(tar).entries().map_err(|error| no_tar(&error))?;
        Ok(Self {
            entries,
            fence,
            end: 0,
            count: 0,
        })
    }

    /// Reads the next entry, after skipping the rest of the previous one.
    ///
    /// # Errors
    /// Returns `Invalid` beyond a limit, for a sparse file, and for a path that leaves the archive. Returns
    /// `Cut` or `Invalid` if the archive is not a tar.
    pub(crate) async fn next(&mut self) -> Result<Option<Entry>, StoreError> {
        loop {
            self.let_read(self.end + EXTENSIONS.most);
            let Some(entry) = self.entries.next().await else {
                return Ok(None);
            };
            let content = entry.map_err(|error| no_tar(&error))?;
            self.count += 1;
            if self.count > ENTRIES.most {
                return Err(beyond(&format!("more than {ENTRIES} entries")));
            }
            let end = end(&content);
            // Attributes of the whole archive, as git writes them, are not an entry.
            if content.header().entry_type().is_pax_global_extensions() {
                self.end = end?;
                continue;
            }
            let entry = Entry::checked(content).await?;
            self.end = end?;
            self.let_read(self.end);
            return Ok(Some(entry));
        }
    }

    fn let_read(&self, end: u64) {
        self.fence.store(end.min(ARCHIVE.most), Ordering::Relaxed);
    }
}

impl Entry {
    async fn checked(mut content: Content) -> Result<Self, StoreError> {
        let kind = content.header().entry_type();
        let path = content.path().map_err(|error| no_tar(&error))?.into_owned();
        if kind.is_gnu_sparse() || has_sparse_attribute(&mut content).await? {
            return Err(beyond(&format!(
                "a sparse file: {}; pack it without tar's --sparse",
                start(&path)
            )));
        }
        let link = match content.link_name().map_err(|error| no_tar(&error))? {
            Some(link) if link.as_os_str().len() as u64 > TARGET.most => {
                return Err(beyond(&format!(
                    "a link target of more than {TARGET}: {}",
                    start(&path)
                )));
            }
            Some(link) if kind.is_hard_link() => Some(relative(&link)?),
            Some(link) if kind.is_symlink() => Some(link.into_owned()),
            _ => None,
        };
        Ok(Self {
            path: entry_path(&path)?,
            kind,
            link,
            offset: content.raw_file_position(),
            size: content.effective_size(),
            content,
        })
    }

    /// Returns the target of a symbolic link.
    pub(crate) fn symlink(&self) -> Option<&Path> {
        self.link.as_deref().filter(|_| self.kind.is_symlink())
    }
}

/// Returns the position at which the content and its padding end.
fn end(content: &Content) -> Result<u64, StoreError> {
    let size = content.effective_size().checked_next_multiple_of(BLOCK_BYTES);
    let end = size.and_then(|size| content.raw_file_position().checked_add(size));
    end.filter(|end| *end <= ARCHIVE.most)
        .ok_or_else(|| beyond(&format!("more than {ARCHIVE}")))
}

async fn has_sparse_attribute(content: &mut Content) -> Result<bool, StoreError> {
    let attributes = content.pax_extensions().await.map_err(|error| no_tar(&error))?;
    for attribute in attributes.into_iter().flatten() {
        let attribute = attribute.map_err(|error| no_tar(&error))?;
        if attribute.key_bytes().starts_with(SPARSE_ATTRIBUTE) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Returns the error of a tar that passes a limit, is cut off, or is not a tar.
pub(crate) fn no_tar(error: &io::Error) -> StoreError {
    if let Some(beyond) = error.get_ref().and_then(|error| error.downcast_ref::<Beyond>()) {
        return StoreError::Invalid(beyond.to_string());
    }
    let text = error.to_string();
    let is_cut = error.kind() == io::ErrorKind::UnexpectedEof
        || text.contains("unexpected EOF")
        || text.contains("failed to read entire block");
    if is_cut {
        StoreError::Cut(text)
    } else {
        StoreError::Invalid(format!("this is not a valid tar: {text}"))
    }
}

/// An archive that can be read only up to the fence: a read beyond the fence returns an error and no bytes.
pub(crate) struct Fence {
    tar: BufReader<Reader>,
    read: u64,
    end: Arc<AtomicU64>,
}

impl AsyncRead for Fence {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let left = self.end.load(Ordering::Relaxed).saturating_sub(self.read);
        if left == 0 {
            return Poll::Ready(Err(io::Error::other(Beyond)));
        }
        // Data in memory is always ready, so this yields to other tasks.
        let turn = ready!(coop::poll_proceed(cx));
        let bytes = ready!(Pin::new(&mut self.tar).poll_fill_buf(cx))?;
        let count = bytes
            .len()
            .min(into.remaining())
            .min(usize::try_from(left).unwrap_or(usize::MAX));
        into.put_slice(&bytes[..count]);
        turn.made_progress();
        self.tar.consume(count);
        self.read += count as u64;
        Poll::Ready(Ok(()))
    }
}

/// The error of a read beyond the fence.
#[derive(Debug)]
struct Beyond;

impl fmt::Display for Beyond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the archive has a name or attributes of more than {EXTENSIONS}"
        )
    }
}

impl std::error::Error for Beyond {}
