//! The configuration of the program in an image or container: every field that Docker has, as clients
//! without a terminal know them.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

/// `Config` of an image or container.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Config {
    /// The user.
    pub user: String,
    /// Variables as `NAME=VALUE`.
    pub env: Option<Vec<String>>,
    /// The command.
    pub cmd: Option<Vec<String>>,
    /// The image, as the client named it.
    pub image: String,
    /// The working directory.
    pub working_dir: String,
    /// The entrypoint.
    pub entrypoint: Option<Vec<String>>,
    /// Labels.
    pub labels: Option<BTreeMap<String, String>>,
    /// The host name that the program sees; empty if it is the Pod's.
    pub hostname: String,
    /// The ports at which it listens, as `PORT/PROTOCOL`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub exposed_ports: BTreeMap<String, Empty>,
    /// True if the program has a terminal.
    pub tty: bool,
    /// The fields that are the same for all.
    #[serde(flatten)]
    pub same: Same,
}

/// Go's `struct{}`.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Empty {}

/// Fields for things that a Pod does not have: a domain of its own, input, volumes.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Same {
    domainname: &'static str,
    attach_stdin: bool,
    attach_stdout: bool,
    attach_stderr: bool,
    open_stdin: bool,
    stdin_once: bool,
    volumes: Value,
    on_build: Value,
}
