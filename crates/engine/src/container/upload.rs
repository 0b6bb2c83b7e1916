//! What a client puts into a container before it starts.

use serde::{Deserialize, Serialize};

use crate::image::Digest;

/// One `PUT archive` before start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Upload {
    /// Kept in a Secret of this number, and mounted.
    Files {
        /// The Secret's number, random.
        number: u32,
        /// Absolute paths, modes and sizes; never contents.
        files: Vec<FileEntry>,
    },
    /// Kept in the image store, fetched and unpacked by the agent.
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
