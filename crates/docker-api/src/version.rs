//! The answer of `GET /version`.

use serde::Serialize;
use serde_json::{Value, json};

use crate::{API_VERSION, MIN_API_VERSION};

/// The architecture of this machine, as Docker calls it.
pub const ARCH: &str = if cfg!(target_arch = "aarch64") {
    "arm64"
} else {
    "amd64"
};
/// The operating system of all containers.
pub const OS: &str = "linux";

/// The server, and the versions of the API that it speaks.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Version {
    platform: Platform,
    components: [Component; 1],
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

/// A component, which Docker's client prints in place of the fields above.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Component {
    name: &'static str,
    version: &'static str,
    details: Value,
}

impl Version {
    /// The answer of chainpod in that version.
    #[must_use]
    pub fn new(version: &'static str) -> Self {
        let details = json!({
            "ApiVersion": API_VERSION,
            "Arch": ARCH,
            "Experimental": "false",
            "MinAPIVersion": MIN_API_VERSION,
            "Os": OS,
        });
        let engine = Component {
            name: "Engine",
            version,
            details,
        };
        Self {
            platform: Platform { name: "chainpod" },
            components: [engine],
            version,
            api_version: API_VERSION,
            min_api_version: MIN_API_VERSION,
            os: OS,
            arch: ARCH,
        }
    }
}
