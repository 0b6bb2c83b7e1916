//! Images as the engine sees them: a base that the cluster can pull, and the overlay that a build put on top
//! of it.

use serde::{Deserialize, Serialize};

/// Digits of a short id.
const SHORT_DIGITS: usize = 12;

/// The digest of a blob, `sha256:HEX`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Digest(pub String);

impl Digest {
    /// Returns Docker's short form of an image's id: the first 12 digits.
    #[must_use]
    pub fn short(&self) -> &str {
        let digits = self.0.trim_start_matches("sha256:");
        &digits[..SHORT_DIGITS.min(digits.len())]
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// An image that the store knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Image {
    /// Docker's image id, `sha256:HEX`. It stays the same for a name.
    pub id: Digest,
    /// The name under which it was built or pulled, `repository:tag`.
    pub name: String,
    /// The reference that the cluster pulls: the image itself, or the base of an overlay.
    pub reference: String,
    /// The overlay of the build, or none for an external image.
    pub overlay: Option<Overlay>,
    /// The time at which it was built or first pulled here.
    #[serde(default)]
    pub created: jiff::Timestamp,
    /// True if its build asked for the newest base: `pull=1`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub always_pull: bool,
}

/// The operator's rules for an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ruled {
    /// The reference that the cluster pulls for it.
    pub reference: String,
    /// The pull policy. Without one, [`Image::always_pull`] decides.
    pub pull_policy: Option<PullPolicy>,
    /// Its ENTRYPOINT, if the rules have one.
    pub entrypoint: Option<Vec<String>>,
}

/// When a node pulls an image: Kubernetes' `imagePullPolicy`.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PullPolicy {
    /// An image that is on the node is used: chaincode must start without a registry.
    #[default]
    IfNotPresent,
    /// The node asks the registry at each start.
    Always,
    /// Only an image that is on the node is used.
    Never,
}

impl PullPolicy {
    /// Returns Kubernetes' name of the policy.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::IfNotPresent => "IfNotPresent",
            Self::Always => "Always",
            Self::Never => "Never",
        }
    }
}

/// The image's own command: its ENTRYPOINT and CMD.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageCommand {
    /// ENTRYPOINT.
    pub entrypoint: Option<Vec<String>>,
    /// CMD.
    pub cmd: Option<Vec<String>>,
}

/// The overlay that a `POST /build` put on top of its base image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Overlay {
    /// Uncompressed tars with paths relative to `/`, in order.
    pub layers: Vec<Digest>,
    /// The directories that ADD and COPY name. Each gets an `emptyDir`.
    pub directories: Vec<String>,
    /// ENTRYPOINT.
    pub entrypoint: Option<Vec<String>>,
    /// CMD.
    pub cmd: Option<Vec<String>>,
    /// ENV, `NAME=VALUE`.
    pub env: Vec<String>,
    /// LABEL.
    pub labels: std::collections::BTreeMap<String, String>,
    /// WORKDIR. Empty means the base's directory.
    pub working_dir: String,
    /// USER. Empty means the base's user.
    pub user: String,
    /// The bytes of all layers.
    pub size_bytes: u64,
}
