//! The client's request for a container.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// A `POST /containers/create` request, after validation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Spec {
    /// The image as the client named it.
    pub image: String,
    /// Replaces the image's entrypoint if given. An empty list clears it.
    pub entrypoint: Option<Vec<String>>,
    /// Replaces the image's command if given.
    pub cmd: Option<Vec<String>>,
    /// `NAME=VALUE`, in the client's order.
    pub env: Vec<String>,
    /// The working directory. Empty means the image's directory.
    pub working_dir: String,
    /// The user. Empty means the image's user.
    pub user: String,
    /// Docker's labels.
    pub labels: BTreeMap<String, String>,
    /// The memory limit in bytes. 0 means no limit.
    pub memory_bytes: i64,
    /// The CPU limit in billionths of a core. 0 means no limit.
    pub nano_cpus: i64,
    /// The CPU weight: 1024 is a core. 0 means no weight.
    pub cpu_shares: i64,
    /// The container's name resolution.
    pub names: Names,
    /// True if the container is removed when it has ended.
    pub auto_remove: bool,
    /// The hostname that the program sees: a DNS label, or empty for the Pod's own name.
    pub hostname: String,
    /// The ports at which the program listens.
    pub ports: Vec<Port>,
    /// True if the program has a terminal.
    pub tty: bool,
    /// True if the image's files are read-only.
    pub read_only_root: bool,
}

/// A port at which a program listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Port {
    /// The port's number.
    pub number: u16,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: String,
}

/// The settings of a container's name resolution, added to the cluster's settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Names {
    /// Name servers, used instead of the cluster's.
    pub servers: Vec<IpAddr>,
    /// The domains in which names are searched.
    pub searches: Vec<String>,
    /// `NAME` or `NAME:VALUE`, as in resolv.conf.
    pub options: Vec<String>,
    /// Names that are resolved without a server.
    pub hosts: Vec<(IpAddr, String)>,
}
