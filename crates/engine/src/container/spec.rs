//! What a client asks for.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// What a client asked for in `POST /containers/create`, checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Spec {
    /// The image as the client named it.
    pub image: String,
    /// Replaces the image's entrypoint when given; an empty one clears it.
    pub entrypoint: Option<Vec<String>>,
    /// Replaces the image's command when given.
    pub cmd: Option<Vec<String>>,
    /// `NAME=VALUE`, in the client's order.
    pub env: Vec<String>,
    /// The working directory; the image's when empty.
    pub working_dir: String,
    /// The user; the image's when empty.
    pub user: String,
    /// Docker's labels.
    pub labels: BTreeMap<String, String>,
    /// Memory limit in bytes; 0 is none.
    pub memory_bytes: i64,
    /// CPU limit in billionths of a core; 0 is none.
    pub nano_cpus: i64,
    /// CPU weight: 1024 is a core; 0 is none.
    pub cpu_shares: i64,
    /// How it resolves names.
    pub names: Names,
    /// Whether it goes when it has ended.
    pub auto_remove: bool,
    /// The name that the program sees of itself: a DNS label, or empty for the Pod's own.
    pub hostname: String,
    /// Where it listens.
    pub ports: Vec<Port>,
    /// Whether it has a terminal.
    pub tty: bool,
    /// Whether the image's files cannot be written to.
    pub read_only_root: bool,
}

/// A port at which a program listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Port {
    /// Its number.
    pub number: u16,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: String,
}

/// How a container resolves names, beyond what its cluster does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Names {
    /// Name servers, in the place of the cluster's.
    pub servers: Vec<IpAddr>,
    /// The domains in which names are searched.
    pub searches: Vec<String>,
    /// `NAME` or `NAME:VALUE`, as in resolv.conf.
    pub options: Vec<String>,
    /// Names that need no server.
    pub hosts: Vec<(IpAddr, String)>,
}
