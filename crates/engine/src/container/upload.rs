//! The files that a client puts into a container before it starts.

use serde::{Deserialize, Serialize};

use crate::image::Digest;

/// One `PUT archive` before start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Upload {
    /// Files that are kept in a Secret and mounted.
    Files {
        /// The random number of the Secret.
        number: u32,
        /// Absolute paths, modes and sizes, without contents.
        files: Vec<FileEntry>,
    },
    /// An archive that is kept in the image store. The agent fetches and unpacks it.
    Archive {
        /// The uncompressed tar.
        digest: Digest,
        /// The directory into which it is unpacked.
        path: String,
    },
}

/// A file of an upload, without its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Absolute path in the container.
    pub path: String,
    /// Permission bits.
    pub mode: u32,
    /// Size in bytes.
    pub size: u64,
}
