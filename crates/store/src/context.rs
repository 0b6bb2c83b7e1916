//! A build's context: the client's tar as one file on disk, and the position of each entry in it. No entry ever
//! becomes a path on this machine.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::{Path, PathBuf};

use engine::ports::{Reader, StoreError};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, SeekFrom};
use tokio_tar::EntryType;

use crate::entries::{Entries, no_tar};
use crate::limits::{DOCKERFILE, relative};
use crate::links::Links;
use crate::names::Names;
use crate::spool::{self, disk};

/// The kind of an entry.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// A file: the position of its bytes.
    File { offset: u64, size: u64 },
    /// A directory.
    Directory,
    /// A symbolic link with its target.
    Link(Box<Path>),
}

/// An entry of the context.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    pub(crate) mode: u32,
    pub(crate) mtime: u64,
}

/// The context.
pub(crate) struct BuildContext {
    tar: PathBuf,
    entries: BTreeMap<Box<Path>, Entry>,
    /// The memory that is left for names.
    pub(crate) names: Names,
}

impl BuildContext {
    /// Receives the client's stream as a file at `tar` and records its entries.
    pub(crate) async fn receive(content: Reader, tar: PathBuf) -> Result<Self, StoreError> {
        let size = spool::receive(content, tar.clone()).await?.size;
        let mut context = Self {
            tar,
            entries: BTreeMap::new(),
            names: Names::new(),
        };
        let mut links = Links::new(None);
        let mut entries = Entries::new(context.read(0, size).await?)?;
        while let Some(entry) = entries.next().await? {
            let path = links.resolve(&entry.path)?;
            if entry.offset + entry.size > size {
                return Err(StoreError::Cut(format!("{} is incomplete", path.display())));
            }
            let kind = match (entry.kind, entry.link) {
                (EntryType::Regular | EntryType::Continuous, _) => Kind::File {
                    offset: entry.offset,
                    size: entry.size,
                },
                (EntryType::Directory, _) => Kind::Directory,
                (EntryType::Symlink, Some(target)) => Kind::Link(target.as_path().into()),
                (EntryType::Link, Some(target)) => match context.entries.get(&*links.resolve(&target)?) {
                    Some(target) => target.kind.clone(),
                    None => continue,
                },
                _ => continue,
            };
            let header = entry.content.header();
            let entry = Entry {
                kind,
                mode: header.mode().map_err(|error| no_tar(&error))? & 0o7777,
                mtime: header.mtime().map_err(|error| no_tar(&error))?,
            };
            let link = match &entry.kind {
                Kind::Link(target) => Some(&**target),
                Kind::File { .. } | Kind::Directory => None,
            };
            context.names.keep(&path, link)?;
            links.note(&path, link, &mut context.names)?;
            // Copied, not shrunk: shrinking would leave unused gaps between the kept names.
            context.entries.insert(path.as_path().into(), entry);
        }
        Ok(context)
    }

    /// Returns the entry at that path. A directory without an entry of its own exists if it has files.
    pub(crate) fn entry(&self, path: &Path) -> Option<Entry> {
        let implied = Entry {
            kind: Kind::Directory,
            mode: 0o755,
            mtime: 0,
        };
        match self.entries.get(path) {
            Some(entry) => Some(entry.clone()),
            None if path.as_os_str().is_empty() => Some(implied),
            None => self.below(path).next().map(|_| implied),
        }
    }

    /// Returns the entries below that directory, with paths relative to it.
    pub(crate) fn below<'a>(&'a self, directory: &'a Path) -> impl Iterator<Item = (&'a Path, &'a Entry)> {
        // In path order, the entries below a directory follow it.
        let behind = (Bound::Excluded(directory), Bound::Unbounded);
        self.entries
            .range::<Path, _>(behind)
            .map_while(move |(path, entry)| Some((path.strip_prefix(directory).ok()?, entry)))
    }

    /// Returns a file's bytes.
    pub(crate) async fn read(&self, offset: u64, size: u64) -> Result<Reader, StoreError> {
        let failed = |error: std::io::Error| disk(&self.tar, &error);
        let mut file = File::open(&self.tar).await.map_err(failed)?;
        file.seek(SeekFrom::Start(offset)).await.map_err(failed)?;
        Ok(Box::new(file.take(size)))
    }

    /// Returns the Dockerfile's text.
    pub(crate) async fn dockerfile(&self, name: &str) -> Result<String, StoreError> {
        let found = self.entry(&relative(Path::new(name))?).map(|entry| entry.kind);
        let Some(Kind::File { offset, size }) = found else {
            return Err(StoreError::Invalid(format!(
                "Cannot locate specified Dockerfile: {name}"
            )));
        };
        if size > DOCKERFILE.most {
            return Err(StoreError::Invalid(format!(
                "{name} has {size} bytes: a Dockerfile may have at most {DOCKERFILE}"
            )));
        }
        let mut text = String::new();
        let mut reader = self.read(offset, size).await?;
        match reader.read_to_string(&mut text).await {
            Ok(_) => Ok(text),
            Err(error) => Err(StoreError::Invalid(format!("{name}: {error}"))),
        }
    }
}
