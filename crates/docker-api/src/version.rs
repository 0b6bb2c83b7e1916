//! The answer of `GET /version`.

use serde::Serialize;

use crate::{API_VERSION, MIN_API_VERSION};

/// Docker's word for this machine's kind.
pub const ARCH: &str = if cfg!(target_arch = "aarch64") {
    "arm64"
} else {
    "amd64"
};
/// The operating system of all containers.
pub const OS: &str = "linux";

/// What serves, and which versions of the API.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Version {
    platform: Platform,
    version: &'static str,
    api_version: &'static str,
    #[serde(rename = "MinAPIVersion")]
    min_api_version: &'static str,
    os: &'static str,
    arch: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Platform {
    name: &'static str,
}

impl Version {
    /// chainpod of that version.
    #[must_use]
    pub const fn new(version: &'static str) -> Self {
        Self {
            platform: Platform { name: "chainpod" },
            version,
            api_version: API_VERSION,
            min_api_version: MIN_API_VERSION,
            os: OS,
            arch: ARCH,
        }
    }
}
