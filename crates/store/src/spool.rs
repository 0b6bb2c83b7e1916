//! Streams bytes from a client into a temporary file on the store's own disk. The bytes are uncompressed and
//! hashed on the way, and are never in memory as a whole.

use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};

use async_compression::tokio::bufread::GzipDecoder;
use engine::image::Digest;
use engine::ports::{Reader, StoreError};
use sha2::{Digest as _, Sha256};
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};

use crate::limits::{ARCHIVE, beyond};

/// The first bytes of a gzip stream.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
/// The size of one read: so large that the disk limits the speed, not the number of calls.
const CHUNK_BYTES: usize = 128 * 1024;

/// A file being written, with the digest and the size of its content so far.
pub(crate) struct Spool {
    file: File,
    path: PathBuf,
    hash: Sha256,
    size: u64,
}

/// A finished file that waits to become a blob.
#[derive(Clone, Debug)]
pub(crate) struct Spooled {
    pub(crate) path: PathBuf,
    pub(crate) digest: Digest,
    pub(crate) size: u64,
}

impl Spool {
    pub(crate) async fn create(path: PathBuf) -> Result<Self, StoreError> {
        let file = File::create(&path).await.map_err(|error| disk(&path, &error))?;
        Ok(Self {
            file,
            path,
            hash: Sha256::new(),
            size: 0,
        })
    }

    /// Ends the file and flushes it to the disk.
    pub(crate) async fn finish(mut self) -> Result<Spooled, StoreError> {
        self.file
            .flush()
            .await
            .map_err(|error| disk(&self.path, &error))?;
        self.file
            .sync_all()
            .await
            .map_err(|error| disk(&self.path, &error))?;
        Ok(Spooled {
            path: self.path,
            digest: Digest(format!("sha256:{}", hex::encode(self.hash.finalize()))),
            size: self.size,
        })
    }
}

impl AsyncWrite for Spool {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.file).poll_write(cx, data);
        if let Poll::Ready(Ok(count)) = written {
            self.hash.update(&data[..count]);
            self.size += count as u64;
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.file).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.file).poll_shutdown(cx)
    }
}

/// Writes a few bytes as a file.
pub(crate) async fn write(path: PathBuf, bytes: &[u8]) -> Result<Spooled, StoreError> {
    let mut spool = Spool::create(path.clone()).await?;
    spool
        .write_all(bytes)
        .await
        .map_err(|error| disk(&path, &error))?;
    spool.finish().await
}

/// Reads a client's stream to its very end (it may be silent for minutes) into a file. Returns `Cut` if the
/// stream breaks, and `Invalid` if its gzip is broken.
pub(crate) async fn receive(content: Reader, path: PathBuf) -> Result<Spooled, StoreError> {
    let mut content = uncompressed(content).await.map_err(|error| client(&error))?;
    let mut spool = Spool::create(path.clone()).await?;
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let count = fill(&mut content, &mut chunk)
            .await
            .map_err(|error| client(&error))?;
        if count == 0 {
            return spool.finish().await;
        }
        if spool.size + count as u64 > ARCHIVE.most {
            return Err(beyond(&format!("more than {ARCHIVE}")));
        }
        spool
            .write_all(&chunk[..count])
            .await
            .map_err(|error| disk(&path, &error))?;
    }
}

/// Reads until the chunk is full or the stream ends, so that the disk gets few large writes.
async fn fill(content: &mut Reader, chunk: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < chunk.len() {
        match content.read(&mut chunk[filled..]).await? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}

/// Returns the uncompressed stream, if its first bytes are those of gzip.
pub(crate) async fn uncompressed<R>(content: R) -> io::Result<Reader>
where
    R: AsyncRead + Send + Unpin + 'static,
{
    let (head, whole) = peek(content, GZIP_MAGIC.len()).await?;
    if head != GZIP_MAGIC {
        return Ok(whole);
    }
    let mut decoder = GzipDecoder::new(BufReader::with_capacity(CHUNK_BYTES, whole));
    // As in Docker. It also reads on to the stream's end, where a cut shows.
    decoder.multiple_members(true);
    Ok(Box::new(decoder))
}

/// Returns the first `count` bytes (fewer if there are no more), and the whole stream again.
pub(crate) async fn peek<R>(mut content: R, count: usize) -> io::Result<(Vec<u8>, Reader)>
where
    R: AsyncRead + Send + Unpin + 'static,
{
    let mut head = Vec::with_capacity(count);
    (&mut content).take(count as u64).read_to_end(&mut head).await?;
    let whole = io::Cursor::new(head.clone()).chain(content);
    Ok((head, Box::new(whole)))
}

fn client(error: &io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
            StoreError::Invalid(format!("the stream is not valid gzip: {error}"))
        }
        _ => StoreError::Cut(error.to_string()),
    }
}

/// Returns the error for a failure of the store's disk, with its remedy.
pub(crate) fn disk(path: &Path, error: &io::Error) -> StoreError {
    let remedy = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; enlarge the store's volume or remove images"
        }
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            "; give the store a volume that its user may write to"
        }
        _ => "",
    };
    StoreError::Io(format!("{}: {error}{remedy}", path.display()))
}
