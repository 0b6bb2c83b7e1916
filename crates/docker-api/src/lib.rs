//! The Docker Engine API on the wire: versions, bodies, attach frames and build progress. This crate does not
//! know HTTP servers or the engine.

pub mod archive;
pub mod build;
pub mod config;
pub mod container;
pub mod create;
pub mod frame;
pub mod image;
pub mod info;
pub mod version;

use serde::{Deserialize, Serialize};

/// The version that chainpod speaks: the moby client of newer peers rejects versions below 1.44.
pub const API_VERSION: &str = "1.47";
/// The oldest version that chainpod announces.
pub const MIN_API_VERSION: &str = "1.24";

/// Docker's error body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// The text that clients print and search for known messages.
    pub message: String,
}

/// The body of a wait's answer. Docker omits `Error` if there is no error, and chainpod's waits never have
/// one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct WaitBody {
    /// The program's exit code.
    pub status_code: i64,
}

/// Splits any `/v1.NN` off a path: returns NN and the rest.
#[must_use]
pub fn split_version(path: &str) -> (Option<u32>, &str) {
    let unversioned = (None, path);
    let Some(rest) = path.strip_prefix("/v1.") else {
        return unversioned;
    };
    let end = rest.find('/').unwrap_or(rest.len());
    let (minor, tail) = rest.split_at(end);
    match minor.parse() {
        Ok(number) if !tail.is_empty() && minor.bytes().all(|byte| byte.is_ascii_digit()) => {
            (Some(number), tail)
        }
        _ => unversioned,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_version_or_none_is_the_same_path() {
        assert_eq!(split_version("/v1.25/build"), (Some(25), "/build"));
        assert_eq!(
            split_version("/v1.54/images/a/b:c/json"),
            (Some(54), "/images/a/b:c/json")
        );
        for path in [
            "/build",
            "/v1.25",
            "/v1./build",
            "/v1.x/build",
            "/v1.+1/build",
            "/v2.1/build",
        ] {
            assert_eq!(split_version(path), (None, path));
        }
    }
}
