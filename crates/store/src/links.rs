//! The symbolic links of an archive, so that no entry is written through a link that leads out of the
//! archive. The target of a link is not restricted.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use engine::ports::StoreError;

use crate::limits::{STEPS, beyond, entry_path};
use crate::names::Names;

/// The maximum number of links on the path of one entry: the limit of Linux.
const MAX_HOPS: usize = 40;

/// The links of an archive so far, by their paths.
pub(crate) struct Links {
    /// The directory into which the archive will be unpacked, for absolute targets. None if there is no such
    /// directory.
    root: Option<PathBuf>,
    targets: BTreeMap<OsString, Box<Path>>,
    /// The number of directories that have been looked up.
    steps: u64,
}

impl Links {
    /// Returns the empty set of links of an archive that is unpacked at `root`.
    pub(crate) fn new(root: Option<&Path>) -> Self {
        Self {
            root: root.map(Path::to_owned),
            targets: BTreeMap::new(),
            steps: 0,
        }
    }

    /// Records the entry at that path.
    ///
    /// # Errors
    /// Returns `Invalid` if the memory for links is used up.
    pub(crate) fn note(
        &mut self,
        path: &Path,
        link: Option<&Path>,
        names: &mut Names,
    ) -> Result<(), StoreError> {
        match link {
            Some(target) => {
                names.keep(path, link)?;
                self.targets.insert(path.into(), target.into());
            }
            None => {
                self.targets.remove(path.as_os_str());
            }
        }
        Ok(())
    }

    /// Returns the real path of an entry, whose directories may be links.
    ///
    /// # Errors
    /// Returns `Invalid`, with the names of the entry and the link, if a link leads out of the archive or a
    /// limit is passed.
    pub(crate) fn resolve(&mut self, path: &Path) -> Result<PathBuf, StoreError> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Ok(path.to_owned());
        };
        if self.targets.is_empty() {
            return Ok(path.to_owned());
        }
        entry_path(&self.directory(path, parent)?.join(name))
    }

    fn directory(&mut self, entry: &Path, parent: &Path) -> Result<PathBuf, StoreError> {
        let mut ahead: Vec<OsString> = parent.iter().rev().map(OsString::from).collect();
        let mut here = PathBuf::new();
        let mut hops = 0;
        while let Some(part) = ahead.pop() {
            self.steps += 1;
            if self.steps > STEPS.most {
                return Err(beyond(&format!(
                    "links that take more than {STEPS} steps to follow"
                )));
            }
            here.push(part);
            let Some(target) = self.targets.get(here.as_os_str()) else {
                continue;
            };
            let out = || {
                StoreError::Invalid(format!(
                    "{} would be written through the link {}, which leads out of the archive",
                    entry.display(),
                    here.display()
                ))
            };
            hops += 1;
            let next = self
                .follow(&here, target)
                .filter(|_| hops <= MAX_HOPS)
                .ok_or_else(out)?;
            ahead.extend(next.iter().rev().map(OsString::from));
            here.clear();
        }
        Ok(here)
    }

    /// Returns the target of a link from the archive's root, or none if it is outside.
    fn follow(&self, link: &Path, target: &Path) -> Option<PathBuf> {
        let (mut to, target) = if target.is_absolute() {
            (PathBuf::new(), target.strip_prefix(self.root.as_ref()?).ok()?)
        } else {
            (link.parent()?.to_owned(), target)
        };
        for part in target.components() {
            match part {
                Component::Normal(part) => to.push(part),
                Component::ParentDir if !to.pop() => return None,
                _ => {}
            }
        }
        Some(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_where_its_links_lead_unless_that_is_out() {
        let (mut links, mut names) = (Links::new(Some(Path::new("/usr"))), Names::new());
        for (path, target) in [
            ("bin", "local/bin"),
            ("local/lib", "../lib"),
            ("again", "bin"),
            ("absolute", "/usr/share"),
            ("etc", "/etc"),
            ("up", "../etc"),
            ("sub/up", "../../x"),
            ("loop", "loop"),
        ] {
            let target = Some(Path::new(target));
            links.note(Path::new(path), target, &mut names).unwrap();
        }
        for (path, expected) in [
            ("plain/file", Some("plain/file")),
            ("bin/tool", Some("local/bin/tool")),
            ("again/tool", Some("local/bin/tool")),
            ("local/lib/a", Some("lib/a")),
            ("absolute/a", Some("share/a")),
            // The link itself may be replaced.
            ("etc", Some("etc")),
            ("etc/passwd", None),
            ("up/passwd", None),
            ("sub/up/y", None),
            ("loop/x", None),
        ] {
            let found = links.resolve(Path::new(path));
            assert_eq!(
                found.as_deref().ok(),
                expected.map(Path::new),
                "{path}: {found:?}"
            );
        }
        links.note(Path::new("etc"), None, &mut names).unwrap();
        assert!(links.resolve(Path::new("etc/passwd")).is_ok());
    }
}
