//! A client's uploads. A few plain files become a Secret. The agent fetches all other uploads from the image
//! store.

use std::io::Cursor;

use async_compression::tokio::bufread::GzipDecoder;
use bytes::Bytes;
use futures::StreamExt;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::sync::SemaphorePermit;
use tokio::time::timeout;
use tokio_tar::{Archive, Entry};

use crate::budget::Budget;
use crate::container::{FileEntry, Role};
use crate::error::{Error, Result};
use crate::limits::{FREE_UPLOAD_BYTES, UPLOAD_SECS, UPLOAD_TIME, UPLOADS_BYTES};
use crate::ports::Reader;

/// Bytes that fit into a Secret, with room for its encoding below etcd's limit of 1.5 MiB.
const FILES_BYTES: u64 = 512 * 1024;
/// The maximum number of files that become mounts of their own.
const FILES: usize = 64;
/// The maximum number of bytes of a tar with that many files: tar adds a header and padding to each file, and
/// an end.
const TAR_BYTES: u64 = FILES_BYTES + (FILES as u64) * 1024 + 10 * 1024;
/// The maximum length of a path in bytes (Linux: `PATH_MAX`).
const PATH_BYTES: usize = 4096;
/// The prefix of the attributes that turn a plain file into a sparse one.
const SPARSE_ATTRIBUTE: &[u8] = b"GNU.sparse.";
/// The first bytes of gzip (RFC 1952).
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The content of a `PUT archive`.
pub(crate) enum Content {
    /// Plain files with absolute paths.
    Files(Vec<(FileEntry, Bytes)>),
    /// An uncompressed tar.
    Archive(Reader),
}

/// The memory for uploads of all calls.
static MEMORY: Budget = Budget::new(&UPLOADS_BYTES);

/// Classifies the content. Reads it into memory up to the size that may become a Secret.
pub(crate) async fn classify(role: Role, path: &str, body: Reader) -> Result<Content> {
    let mut tar = decompress(body).await?;
    if role == Role::Build {
        return Ok(Content::Archive(tar));
    }
    let (head, _held) = head_of(&mut tar).await?;
    if head.len() as u64 <= TAR_BYTES
        && let Some(files) = plain_files(path, &head).await?
    {
        return Ok(Content::Files(files));
    }
    Ok(Content::Archive(Box::new(Cursor::new(head).chain(tar))))
}

/// Reads as much of a tar as may become a Secret. Returns it with the permit for its memory.
async fn head_of(tar: &mut Reader) -> Result<(Vec<u8>, Option<SemaphorePermit<'static>>)> {
    let slow = || Error::Invalid(format!("the archive did not arrive within {UPLOAD_SECS}"));
    let mut head = Vec::new();
    let free = read(tar, &mut head, FREE_UPLOAD_BYTES.most);
    timeout(UPLOAD_TIME, free).await.map_err(|_| slow())??;
    if (head.len() as u64) < FREE_UPLOAD_BYTES.most {
        return Ok((head, None));
    }
    let held = MEMORY.take(TAR_BYTES as usize).await?;
    let rest = read(tar, &mut head, TAR_BYTES + 1 - FREE_UPLOAD_BYTES.most);
    timeout(UPLOAD_TIME, rest).await.map_err(|_| slow())??;
    Ok((head, Some(held)))
}

/// Reads at most that many bytes.
async fn read(tar: &mut Reader, into: &mut Vec<u8>, most: u64) -> Result<()> {
    let read = tar.take(most).read_to_end(into).await;
    read.map(drop).map_err(|error| broken(&error))
}

/// Decompresses the body if it is gzip. Peers send gzip or plain bytes, and the header does not show which.
/// So the first bytes decide, as in Docker.
async fn decompress(body: Reader) -> Result<Reader> {
    let mut body = BufReader::new(body);
    let head = body.fill_buf().await.map_err(|error| broken(&error))?;
    Ok(if head.starts_with(&GZIP_MAGIC) {
        Box::new(GzipDecoder::new(body))
    } else {
        Box::new(body)
    })
}

/// Returns the files of a tar, or none if it has other entries than plain files, or too much data. The store
/// then checks the tar.
async fn plain_files(path: &str, tar: &[u8]) -> Result<Option<Vec<(FileEntry, Bytes)>>> {
    let mut archive = Archive::new(tar);
    let mut entries = archive.entries().map_err(|error| broken(&error))?;
    let (mut files, mut left) = (Vec::new(), FILES_BYTES);
    while let Some(entry) = entries.next().await {
        let mut entry = entry.map_err(|error| broken(&error))?;
        if entry.header().entry_type().is_dir() {
            continue;
        }
        let (path, size) = (path_of(&entry, path)?, entry.effective_size());
        if !is_plain(&mut entry).await?
            || size > left
            || files.len() == FILES
            || path.len() > PATH_BYTES
            || path.contains("/../")
        {
            return Ok(None);
        }
        left -= size;
        let mut content = Vec::new();
        entry
            .read_to_end(&mut content)
            .await
            .map_err(|error| broken(&error))?;
        let mode = entry.header().mode().map_err(|error| broken(&error))? & 0o7777;
        files.push((FileEntry { path, mode, size }, content.into()));
    }
    Ok(Some(files))
}

/// Returns true if an entry is a file that is as long as its bytes. A sparse file could become gigabytes when
/// it is read.
async fn is_plain(entry: &mut Entry<Archive<&[u8]>>) -> Result<bool> {
    if !entry.header().entry_type().is_file() {
        return Ok(false);
    }
    let attributes = entry.pax_extensions().await.map_err(|error| broken(&error))?;
    for attribute in attributes.into_iter().flatten() {
        let attribute = attribute.map_err(|error| broken(&error))?;
        if attribute.key_bytes().starts_with(SPARSE_ATTRIBUTE) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn path_of(entry: &Entry<Archive<&[u8]>>, directory: &str) -> Result<String> {
    let name = entry.path().map_err(|error| broken(&error))?;
    let name = name.to_string_lossy();
    let name = name.trim_start_matches("./").trim_start_matches('/');
    Ok(format!("{}/{name}", directory.trim_end_matches('/')))
}

fn broken(error: &std::io::Error) -> Error {
    Error::Invalid(format!("the archive cannot be read: {error}"))
}

#[cfg(test)]
mod tests;
