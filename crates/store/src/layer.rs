//! One layer: the tar that an ADD or COPY makes, with paths relative to `/`.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use engine::ports::{Reader, StoreError};
use tokio::io::AsyncRead;
use tokio_tar::{Builder, EntryType, Header};

use crate::context::{BuildContext, Entry, Kind};
use crate::entries::{Entries, no_tar};
use crate::links::Links;
use crate::names::Names;
use crate::spool::{Spool, Spooled, disk, peek, uncompressed};

/// The size of a tar's block.
const BLOCK_BYTES: usize = 512;
const TAR_MAGIC: std::ops::Range<usize> = 257..262;
/// The size of a header's link field. Longer targets get an entry of their own.
const LINK_BYTES: usize = 100;

/// A layer being written.
pub(crate) struct Layer {
    tar: Builder<Spool>,
    path: PathBuf,
}

impl Layer {
    pub(crate) async fn create(path: PathBuf) -> Result<Self, StoreError> {
        let spool = Spool::create(path.clone()).await?;
        Ok(Self {
            tar: Builder::new(spool),
            path,
        })
    }

    pub(crate) async fn finish(self) -> Result<Spooled, StoreError> {
        let path = self.path;
        let spool = self.tar.into_inner().await.map_err(|error| disk(&path, &error))?;
        spool.finish().await
    }

    /// Adds an entry of the context at `to`, owned by root.
    pub(crate) async fn add(
        &mut self,
        context: &BuildContext,
        entry: &Entry,
        to: &Path,
    ) -> Result<(), StoreError> {
        let mut header = Header::new_gnu();
        header.set_mode(entry.mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(entry.mtime);
        header.set_size(0);
        match &entry.kind {
            Kind::File { offset, size } => {
                header.set_entry_type(EntryType::Regular);
                header.set_size(*size);
                let content = context.read(*offset, *size).await?;
                self.append(header, to, None, content).await
            }
            Kind::Directory => {
                header.set_entry_type(EntryType::Directory);
                self.append(header, to, None, tokio::io::empty()).await
            }
            Kind::Link(target) => {
                header.set_entry_type(EntryType::Symlink);
                self.append(header, to, Some(target), tokio::io::empty()).await
            }
        }
    }

    /// Unpacks an archive at `to`, with the owners that it names. `names` limits the memory of its links.
    pub(crate) async fn extract(
        &mut self,
        archive: Reader,
        to: &Path,
        mut names: Names,
    ) -> Result<(), StoreError> {
        let invalid = |error: std::io::Error| no_tar(&error);
        let root = Path::new("/").join(to);
        let mut links = Links::new(Some(&root));
        let mut entries = Entries::new(archive)?;
        while let Some(entry) = entries.next().await? {
            let path = links.resolve(&entry.path)?;
            if path.as_os_str().is_empty() {
                continue;
            }
            let link = match &entry.link {
                Some(link) if entry.kind.is_hard_link() => Some(to.join(links.resolve(link)?)),
                link => link.clone(),
            };
            links.note(&path, entry.symlink(), &mut names)?;
            let from = entry.content.header();
            let mut header = Header::new_gnu();
            header.set_entry_type(entry.kind);
            header.set_mode(from.mode().map_err(invalid)? & 0o7777);
            header.set_uid(from.uid().map_err(invalid)?);
            header.set_gid(from.gid().map_err(invalid)?);
            header.set_mtime(from.mtime().map_err(invalid)?);
            header.set_size(entry.size);
            self.append(header, &to.join(path), link.as_deref(), entry.content)
                .await?;
        }
        Ok(())
    }

    async fn append<R>(
        &mut self,
        mut header: Header,
        to: &Path,
        link: Option<&Path>,
        content: R,
    ) -> Result<(), StoreError>
    where
        R: AsyncRead + Send + Unpin,
    {
        let file = &self.path;
        let failed = |error: std::io::Error| match error.kind() {
            ErrorKind::UnexpectedEof | ErrorKind::Other | ErrorKind::InvalidData => {
                StoreError::Invalid(format!("{}: {error}", to.display()))
            }
            _ => disk(file, &error),
        };
        if let Some(link) = link {
            let bytes = link.as_os_str().as_encoded_bytes();
            if bytes.len() > LINK_BYTES {
                let mut long = Header::new_gnu();
                long.set_path("././@LongLink").map_err(failed)?;
                long.set_entry_type(EntryType::GNULongLink);
                long.set_size(bytes.len() as u64 + 1);
                long.set_cksum();
                let name = [bytes, b"\0"].concat();
                self.tar.append(&long, name.as_slice()).await.map_err(failed)?;
            } else {
                header.set_link_name(link).map_err(failed)?;
            }
        }
        self.tar
            .append_data(&mut header, to, content)
            .await
            .map_err(failed)
    }
}

/// Returns the tar in a file that ADD unpacks, or none if its bytes are not a tar.
pub(crate) async fn archive(content: Reader) -> Result<Option<Reader>, StoreError> {
    let (head, content) = peek(content, 6).await.map_err(|error| unreadable(&error))?;
    if head.starts_with(b"BZh") || head.starts_with(b"\xfd7zXZ\0") {
        return Err(StoreError::Unsupported(
            "ADD of a bzip2 or xz archive is not supported; compress it with gzip, or not at all".to_owned(),
        ));
    }
    // A broken gzip is copied like any other file, as in Docker.
    let Ok(plain) = uncompressed(content).await else {
        return Ok(None);
    };
    let Ok((head, plain)) = peek(plain, BLOCK_BYTES).await else {
        return Ok(None);
    };
    Ok((head.get(TAR_MAGIC) == Some(b"ustar".as_slice())).then_some(plain))
}

fn unreadable(error: &std::io::Error) -> StoreError {
    StoreError::Io(format!("cannot read the spooled build context: {error}"))
}
