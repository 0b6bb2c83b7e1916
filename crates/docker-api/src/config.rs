//! What runs in a container, as images and containers say it: every field that
//! Docker has, as clients without a terminal know them.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

/// `Config` of an image or container.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Config {
    /// The user.
    pub user: String,
    /// `NAME=VALUE`.
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
    /// What is the same for all.
    #[serde(flatten)]
    pub same: Same,
}

/// What a Pod has not: a name of its own, a terminal, volumes.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Same {
    hostname: &'static str,
    domainname: &'static str,
    attach_stdin: bool,
    attach_stdout: bool,
    attach_stderr: bool,
    tty: bool,
    open_stdin: bool,
    stdin_once: bool,
    volumes: Value,
    on_build: Value,
}
