//! The symbolic links of an archive, so that no entry is written through one
//! that leads out. A link's own target is data, whatever it says.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use engine::ports::StoreError;

/// Links on the way to one entry: Linux's own limit.
const MAX_HOPS: usize = 40;

/// The links that there have been so far, by their paths.
pub(crate) struct Links {
    /// Where the archive's root will be, for targets that are absolute; none is nowhere.
    root: Option<PathBuf>,
    targets: BTreeMap<PathBuf, PathBuf>,
}

impl Links {
    /// Of an archive that is unpacked there.
    pub(crate) fn new(root: Option<&Path>) -> Self {
        Self {
            root: root.map(Path::to_owned),
            targets: BTreeMap::new(),
        }
    }

    /// Notes what is at that path now.
    pub(crate) fn note(&mut self, path: &Path, link: Option<&Path>) {
        match link {
            Some(target) => self.targets.insert(path.to_owned(), target.to_owned()),
            None => self.targets.remove(path),
        };
    }

    /// Where an entry of that path really is: its directories may be links.
    ///
    /// # Errors
    /// `Invalid`, with the entry's and the link's names, where one leads out.
    pub(crate) fn resolve(&self, path: &Path) -> Result<PathBuf, StoreError> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Ok(path.to_owned());
        };
        if self.targets.is_empty() {
            return Ok(path.to_owned());
        }
        Ok(self.directory(path, parent)?.join(name))
    }

    fn directory(&self, entry: &Path, parent: &Path) -> Result<PathBuf, StoreError> {
        let mut ahead: VecDeque<OsString> = parent.iter().map(OsString::from).collect();
        let mut here = PathBuf::new();
        let mut hops = 0;
        while let Some(part) = ahead.pop_front() {
            here.push(part);
            let Some(target) = self.targets.get(&here) else {
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
            for part in next.iter().rev() {
                ahead.push_front(part.to_owned());
            }
            here.clear();
        }
        Ok(here)
    }

    /// Where a link leads, from the archive's root; none where that is out of it.
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
        let mut links = Links::new(Some(Path::new("/usr")));
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
            links.note(Path::new(path), Some(Path::new(target)));
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
        links.note(Path::new("etc"), None);
        assert!(links.resolve(Path::new("etc/passwd")).is_ok());
    }
}
