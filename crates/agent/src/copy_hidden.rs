//! Copies the image's files in directories that volumes will hide into those volumes: everything that the Pod's
//! user can read. The copies belong to that user.

use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use crate::say;

/// The owner's permissions on a copied directory, so that files can be put into it.
const OWNER: u32 = 0o700;

/// Copies from the first directory of each pair into the second. Returns the exit code.
///
/// # Errors
/// Returns a sentence that names the directory.
pub(crate) fn all(directories: &[OsString]) -> Result<i64, String> {
    for pair in directories.chunks_exact(2) {
        let (from, to) = (Path::new(&pair[0]), Path::new(&pair[1]));
        match content(from, to) {
            // The image has no such directory.
            Err(error) if error.kind() == ErrorKind::NotFound && !from.exists() => {}
            copied => copied.map_err(|error| format!("cannot copy {}: {error}", from.display()))?,
        }
    }
    Ok(0)
}

fn content(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        match one(&entry, &to.join(entry.file_name())) {
            // The program could not read it either.
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                say(&format!("left out {}: {error}", entry.path().display()));
            }
            copied => copied?,
        }
    }
    Ok(())
}

fn one(entry: &fs::DirEntry, to: &Path) -> io::Result<()> {
    let (from, kind) = (entry.path(), entry.file_type()?);
    if kind.is_symlink() {
        symlink(fs::read_link(from)?, to)
    } else if kind.is_dir() {
        fs::create_dir(to)?;
        content(&from, to)?;
        let mode = entry.metadata()?.permissions().mode() | OWNER;
        fs::set_permissions(to, Permissions::from_mode(mode))
    } else if kind.is_file() {
        fs::copy(from, to).map(drop)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_copied_with_its_links_and_modes_and_an_absent_one_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let [from, to, absent] = ["from", "to", "absent"].map(|name| folder.path().join(name));
        fs::create_dir_all(from.join("sub")).unwrap();
        fs::create_dir(&to).unwrap();
        fs::write(from.join("sub/tool"), "run").unwrap();
        fs::set_permissions(from.join("sub/tool"), Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(from.join("sub"), Permissions::from_mode(0o555)).unwrap();
        symlink("sub/tool", from.join("link")).unwrap();
        let pairs = [&absent, &to, &from, &to].map(|path| path.clone().into_os_string());
        assert_eq!(all(&pairs), Ok(0));
        assert_eq!(fs::read_to_string(to.join("link")).unwrap(), "run");
        assert_eq!(fs::read_link(to.join("link")).unwrap(), Path::new("sub/tool"));
        let mode = |path: &str| fs::metadata(to.join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("sub"), mode("sub/tool")), (0o755, 0o755));
        fs::set_permissions(from.join("sub"), Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn what_cannot_be_copied_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        let pair = [folder.path(), Path::new("/no/such")].map(|path| path.as_os_str().to_owned());
        let error = all(&pair).unwrap_err();
        assert!(
            error.starts_with(&format!("cannot copy {}: ", folder.path().display())),
            "{error}"
        );
    }
}
