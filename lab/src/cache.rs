//! The lab's cache, `~/.cache/chainpod-lab`: artefacts keyed by the content
//! of what goes into them. An artefact is a directory that is complete or not
//! there; an interrupted build leaves only a temporary one, swept by the next.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rustix::fs::{FlockOperation, flock};
use sha2::{Digest, Sha256};

/// The number of hex digits of an artefact's key in the name of its directory.
const KEY_DIGITS: usize = 16;

/// The root of the lab's cache.
///
/// # Errors
/// Returns an error if neither `CHAINPOD_LAB_CACHE` nor `HOME` is set.
pub fn root() -> Result<PathBuf> {
    if let Some(root) = std::env::var_os("CHAINPOD_LAB_CACHE") {
        return Ok(root.into());
    }
    let home = std::env::var_os("HOME").context("HOME is not set; set it or CHAINPOD_LAB_CACHE")?;
    Ok(Path::new(&home).join(".cache/chainpod-lab"))
}

/// The hash of everything that goes into an artefact.
#[derive(Default)]
pub struct Inputs(Sha256);

impl Inputs {
    /// Adds a text: a version, a flag, a package's name.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text);
        self
    }

    /// Adds a file's content, or all files below a folder with their relative paths.
    ///
    /// # Errors
    /// Returns an error if something cannot be read.
    pub fn path(mut self, path: &Path) -> Result<Self> {
        let mut files = Vec::new();
        collect(path, &mut files)?;
        files.sort();
        for file in files {
            let name = file
                .strip_prefix(path)
                .unwrap_or(&file)
                .to_string_lossy()
                .into_owned();
            let content = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
            self = self.text(&name);
            self.0.update((content.len() as u64).to_le_bytes());
            self.0.update(content);
        }
        Ok(self)
    }

    /// The key: the first digits of the hash.
    #[must_use]
    pub fn key(self) -> String {
        let mut key = hex::encode(self.0.finalize());
        key.truncate(KEY_DIGITS);
        key
    }
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path).with_context(|| format!("cannot list {}", path.display()))? {
        collect(&entry?.path(), files)?;
    }
    Ok(())
}

/// Returns the directory of the artefact `name` made from `inputs`. If it is not there yet, `build` fills it.
///
/// Two processes that want the same artefact wait for each other.
///
/// # Errors
/// Returns the errors that `build` returns, or an error if the cache cannot be written.
pub fn artefact(name: &str, inputs: Inputs, build: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let folder = root()?.join("artefacts");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let done = folder.join(format!("{name}-{}", inputs.key()));
    if done.exists() {
        return Ok(done);
    }
    let _lock = lock(&folder.join(format!(".{name}.lock")))?;
    if done.exists() {
        return Ok(done);
    }
    let partial = folder.join(format!(".{name}.partial"));
    if partial.exists() {
        fs::remove_dir_all(&partial).with_context(|| format!("cannot clear {}", partial.display()))?;
    }
    fs::create_dir(&partial)?;
    build(&partial)?;
    fs::rename(&partial, &done)?;
    Ok(done)
}

/// Holds an exclusive lock on `file` until dropped. Waits for the process that holds it.
///
/// # Errors
/// Returns an error if the file cannot be opened or locked.
pub fn lock(file: &Path) -> Result<File> {
    let handle = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(file)
        .with_context(|| format!("cannot open the lock {}", file.display()))?;
    flock(&handle, FlockOperation::LockExclusive)
        .with_context(|| format!("cannot lock {}", file.display()))?;
    Ok(handle)
}

/// Removes a folder of the cache, if it exists.
///
/// # Errors
/// Returns an error if a part of it cannot be removed.
pub(crate) fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_depends_on_names_and_contents() {
        let dir = tempfile::tempdir().unwrap();
        let key = || Inputs::default().path(dir.path()).unwrap().key();
        fs::write(dir.path().join("a"), "1").unwrap();
        let first = key();
        fs::write(dir.path().join("a"), "2").unwrap();
        let second = key();
        fs::rename(dir.path().join("a"), dir.path().join("b")).unwrap();
        assert!(first != second && second != key());
    }
}
