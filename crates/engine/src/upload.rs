//! What a client put into a container: a few plain files, which become a
//! Secret, or anything else, which the agent fetches from the image store.

use std::io::Cursor;

use async_compression::tokio::bufread::GzipDecoder;
use bytes::Bytes;
use futures::StreamExt;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio_tar::{Archive, Entry};

use crate::container::{FileEntry, Role};
use crate::error::{Error, Result};
use crate::ports::Reader;

/// What fits into a Secret, with room for its encoding below etcd's limit of 1.5 MiB.
const FILES_BYTES: u64 = 512 * 1024;
/// How many files become mounts of their own.
const FILES: usize = 64;
/// What tar adds at most to that many files: header and padding each, and the end.
const TAR_BYTES: u64 = FILES_BYTES + (FILES as u64) * 1024 + 10 * 1024;
/// A path's length: Linux opens none that is longer (`PATH_MAX`).
const PATH_BYTES: usize = 4096;
/// The attributes that make a sparse file of a plain one begin so.
const SPARSE_ATTRIBUTE: &[u8] = b"GNU.sparse.";
/// How gzip begins (RFC 1952).
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// A `PUT archive`'s content.
pub(crate) enum Content {
    /// Plain files with absolute paths.
    Files(Vec<(FileEntry, Bytes)>),
    /// An uncompressed tar.
    Archive(Reader),
}

/// Looks at the content, in memory as far as it may become a Secret.
pub(crate) async fn classify(role: Role, path: &str, body: Reader) -> Result<Content> {
    let mut tar = decompress(body).await?;
    if role == Role::Build {
        return Ok(Content::Archive(tar));
    }
    let mut head = Vec::new();
    (&mut tar)
        .take(TAR_BYTES + 1)
        .read_to_end(&mut head)
        .await
        .map_err(|error| broken(&error))?;
    if head.len() as u64 <= TAR_BYTES
        && let Some(files) = plain_files(path, &head).await?
    {
        return Ok(Content::Files(files));
    }
    Ok(Content::Archive(Box::new(Cursor::new(head).chain(tar))))
}

/// Peers send gzip or not, whatever the header says: the bytes decide, as for Docker.
async fn decompress(body: Reader) -> Result<Reader> {
    let mut body = BufReader::new(body);
    let head = body.fill_buf().await.map_err(|error| broken(&error))?;
    Ok(if head.starts_with(&GZIP_MAGIC) {
        Box::new(GzipDecoder::new(body))
    } else {
        Box::new(body)
    })
}

/// The files of a tar, or none where it has anything but plain files, or too much: that is the store's to judge.
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

/// Whether an entry is a file that is as long as its bytes. A sparse one unfolds to gigabytes when it is read.
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
