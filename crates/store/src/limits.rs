//! One table of the limits for archives and Dockerfiles, each with its reason. They are far above the needs
//! of chaincode, and keep a client from filling memory or disk with few bytes.

use std::path::{Component, Path, PathBuf};

use engine::limit::{Limit, Unit};
use engine::ports::StoreError;

/// All limits of the store.
pub const LIMITS: [&Limit; 13] = [
    &ARCHIVE,
    &ENTRIES,
    &PATH,
    &TARGET,
    &EXTENSIONS,
    &NAMES,
    &STEPS,
    &DOCKERFILE,
    &INSTRUCTIONS,
    &IMAGE_NAME,
    &LAYERS,
    &VALUE,
    &VALUES,
];

pub(crate) const ARCHIVE: Limit = Limit {
    what: "an archive or build context, uncompressed",
    most: 4 << 30,
    unit: Unit::Bytes,
    why: "a peer's own limit for a package is 100 MiB, and gzip makes a thousand bytes of one",
    seen: None,
};
pub(crate) const ENTRIES: Limit = Limit {
    what: "entries of an archive",
    most: 250_000,
    unit: Unit::Count,
    why: "node_modules has some ten thousand",
    seen: None,
};
pub(crate) const PATH: Limit = Limit {
    what: "an entry's path",
    most: 4096,
    unit: Unit::Bytes,
    why: "Linux opens no longer path (PATH_MAX)",
    seen: None,
};
pub(crate) const TARGET: Limit = Limit {
    what: "a link's target",
    most: 4096,
    unit: Unit::Bytes,
    why: "it is a path",
    seen: None,
};
pub(crate) const EXTENSIONS: Limit = Limit {
    what: "an entry's headers: its names and attributes",
    most: 128 << 10,
    unit: Unit::Bytes,
    why: "they are read into memory; Linux has attributes of 64 KiB at most",
    seen: None,
};

pub(crate) const NAMES: Limit = Limit {
    what: "the names and links of an archive in memory",
    most: 40 << 20,
    unit: Unit::Bytes,
    why: "five times the largest node_modules; with all else that a build holds it is below 64 MiB",
    seen: None,
};
pub(crate) const STEPS: Limit = Limit {
    what: "directories looked up where an archive has links",
    most: 5_000_000,
    unit: Unit::Count,
    why: "20 for each of the most entries that there may be; it takes some seconds",
    seen: None,
};

pub(crate) const DOCKERFILE: Limit = Limit {
    what: "a Dockerfile",
    most: 128 << 10,
    unit: Unit::Bytes,
    why: "peers' have less than 1 KiB; its words take up to a hundred times as much in memory",
    seen: None,
};
pub(crate) const INSTRUCTIONS: Limit = Limit {
    what: "instructions of a Dockerfile",
    most: 1000,
    unit: Unit::Count,
    why: "an image has at most 125 layers, and each needs an instruction",
    seen: None,
};
pub(crate) const IMAGE_NAME: Limit = Limit {
    what: "an image's name in FROM",
    most: image_name::MAX_NAME_BYTES as u64,
    unit: Unit::Bytes,
    why: "a registry's host and port of 259, a repository of 255, a tag of 128, a digest of 135, and what separates them",
    seen: None,
};
pub(crate) const LAYERS: Limit = Limit {
    what: "layers of an image",
    most: 125,
    unit: Unit::Count,
    why: "Docker's own (max depth exceeded)",
    seen: None,
};

pub(crate) const VALUE: Limit = Limit {
    what: "a value of ENV, ARG or LABEL, with its name",
    most: (128 << 10) - 1,
    unit: Unit::Bytes,
    why: "Linux's longest variable, without its last byte (MAX_ARG_STRLEN)",
    seen: None,
};
pub(crate) const VALUES: Limit = Limit {
    what: "the values of all instructions of an image",
    most: 1 << 20,
    unit: Unit::Bytes,
    why: "a Pod that has them must fit into etcd's 1.5 MiB",
    seen: None,
};

/// Returns an entry's path without its root and dots. Absolute names are legal: peers send them.
///
/// # Errors
/// Returns `Invalid` if the path leaves the archive with `..`, or is longer than Linux allows.
pub(crate) fn entry_path(path: &Path) -> Result<PathBuf, StoreError> {
    if path.as_os_str().len() as u64 > PATH.most {
        return Err(beyond(&format!("a path of more than {PATH}: {}", start(path))));
    }
    relative(path)
}

/// Returns the path without its root and dots.
///
/// # Errors
/// Returns `Invalid` if the path leads out of its starting point.
pub(crate) fn relative(path: &Path) -> Result<PathBuf, StoreError> {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(part) => clean.push(part),
            Component::ParentDir if !clean.pop() => {
                return Err(StoreError::Invalid(format!(
                    "Forbidden path outside the build context: {}",
                    path.display()
                )));
            }
            _ => {}
        }
    }
    Ok(clean)
}

/// Returns the refusal of an archive.
pub(crate) fn beyond(what: &str) -> StoreError {
    StoreError::Invalid(format!("the archive has {what}"))
}

/// Returns the start of a path or value, long enough to recognise it.
pub(crate) fn start(path: &Path) -> String {
    let text = path.to_string_lossy();
    match text.char_indices().nth(64) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}
