//! The description of a path that `GET archive` sends in the header `X-Docker-Container-Path-Stat`.

use serde::Serialize;

/// The header: base64 of a [`PathStat`] as JSON.
pub const PATH_STAT_HEADER: &str = "x-docker-container-path-stat";

/// Go's `fs.ModeDir` with the permissions rwxr-xr-x.
const DIRECTORY_MODE: u32 = 0x8000_0000 | 0o755;
/// The size that Linux reports for a directory of few entries.
const DIRECTORY_BYTES: i64 = 4096;

/// A path in a container.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PathStat<'a> {
    name: &'a str,
    size: i64,
    mode: u32,
    mtime: String,
    link_target: &'a str,
}

impl<'a> PathStat<'a> {
    /// Describes a directory that was last changed at `mtime` (RFC 3339). Docker's name for it is the last
    /// part of the requested path.
    #[must_use]
    pub fn directory(path: &'a str, mtime: String) -> Self {
        Self {
            name: path.trim_end_matches('/').rsplit('/').next().unwrap_or(path),
            size: DIRECTORY_BYTES,
            mode: DIRECTORY_MODE,
            mtime,
            link_target: "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_reads_as_the_engine_says_it() {
        let stat = PathStat::directory("/chaincode/output/.", "2026-11-23T09:37:49Z".to_owned());
        assert_eq!(
            serde_json::to_string(&stat).unwrap(),
            r#"{"name":".","size":4096,"mode":2147484141,"mtime":"2026-11-23T09:37:49Z","linkTarget":""}"#
        );
    }
}
