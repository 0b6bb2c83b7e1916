//! The source of the rules: a file, which may be replaced while chainpod runs, as the kubelet does with the
//! file of a ConfigMap.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use crate::{Rules, Wrong};

/// The rules that their file has now.
pub struct Source {
    /// The file; `None` for chainpod's own rules alone.
    file: Option<PathBuf>,
    loaded: Mutex<Loaded>,
}

struct Loaded {
    /// The stamp of the file when it was read.
    stamp: Stamp,
    rules: Arc<Rules>,
}

/// The properties of a file that change when it is written or replaced.
type Stamp = Option<(u64, u64, SystemTime)>;

impl Source {
    /// Chainpod's own rules.
    #[must_use]
    pub fn built_in() -> Self {
        Self {
            file: None,
            loaded: Mutex::new(Loaded {
                stamp: None,
                rules: Arc::new(Rules::default()),
            }),
        }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// Returns the reason why the file cannot be read, or everything that is wrong in it.
    pub fn open(file: &Path) -> Result<Self, Wrong> {
        Ok(Self {
            file: Some(file.to_owned()),
            loaded: Mutex::new(Loaded {
                stamp: stamp(file),
                rules: Arc::new(read(file)?),
            }),
        })
    }

    /// Returns the rules for a new Pod. Reads the file again if it has changed. If it is wrong, the former
    /// rules stay, and the log reports it.
    #[must_use]
    pub fn current(&self) -> Arc<Rules> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = &self.file else {
            return Arc::clone(&loaded.rules);
        };
        let stamp = stamp(file);
        if stamp != loaded.stamp {
            loaded.stamp = stamp;
            match read(file) {
                Ok(rules) => {
                    tracing::info!(file = %file.display(), "the rules were reloaded");
                    loaded.rules = Arc::new(rules);
                }
                Err(wrong) => {
                    tracing::warn!(file = %file.display(), %wrong, "the new rules are invalid; the previous ones stay in use");
                }
            }
        }
        Arc::clone(&loaded.rules)
    }
}

fn read(file: &Path) -> Result<Rules, Wrong> {
    let text = fs::read_to_string(file).map_err(|error| Wrong(vec![error.to_string()]))?;
    Rules::parse(&text)
}

fn stamp(file: &Path) -> Stamp {
    let meta = fs::metadata(file).ok()?;
    Some((meta.ino(), meta.len(), meta.modified().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_file_counts_and_a_wrong_one_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rules.yaml");
        // The file is replaced as the kubelet does it: by another inode.
        let write = |text: &str| {
            let new = folder.path().join("new");
            fs::write(&new, text).unwrap();
            fs::rename(new, &file).unwrap();
        };
        write("pods: [{name: one}]");
        let source = Source::open(&file).unwrap();
        write("pods: [{name: two}]");
        assert_eq!(source.current().pods[0].name, "two");
        write("pods: [{nme: three}]");
        assert_eq!(source.current().pods[0].name, "two");
        fs::remove_file(&file).unwrap();
        assert_eq!(source.current().pods[0].name, "two");
    }
}
