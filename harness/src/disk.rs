//! A small disk, in memory: what fills up at once, or can only be read.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rustix::mount::{MountFlags, UnmountFlags, mount, mount_remount, unmount};

/// A file system that is mounted until it is dropped. Its content goes with it.
pub struct Disk {
    path: PathBuf,
}

impl Disk {
    /// Mounts an empty disk of that many bytes over a directory.
    ///
    /// # Errors
    /// Returns the operating system's error, for example if the caller is not root.
    pub fn over(path: &Path, bytes: u64) -> Result<Self> {
        let options = std::ffi::CString::new(format!("size={bytes},mode=0700"))?;
        mount("tmpfs", path, "tmpfs", MountFlags::empty(), options.as_c_str())
            .with_context(|| format!("cannot mount a disk over {}", path.display()))?;
        Ok(Self {
            path: path.to_owned(),
        })
    }

    /// From now on nothing can be written to it.
    ///
    /// # Errors
    /// Returns the operating system's error, for example while a file of it is open for writing.
    pub fn read_only(&self) -> Result<()> {
        Ok(mount_remount(&self.path, MountFlags::RDONLY, "")?)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Who still reads from it keeps it until then.
        if let Err(error) = unmount(&self.path, UnmountFlags::DETACH) {
            eprintln!("cannot unmount {}: {error}", self.path.display());
        }
    }
}
