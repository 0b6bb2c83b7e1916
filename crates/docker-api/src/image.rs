//! What is said of images: inspect, and the progress of a pull.

use serde::Serialize;
use serde_json::json;

/// The answer of `GET /images/NAME/json`, as far as it can be known without pulling the image.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ImageInspect<'a> {
    /// The image's id.
    pub id: &'a str,
    /// Its names.
    pub repo_tags: Vec<&'a str>,
    /// The machine's kind.
    pub architecture: &'static str,
    /// The operating system.
    pub os: &'static str,
    /// Bytes that a build put on its base.
    pub size: u64,
    /// What runs in it.
    pub config: ImageConfig<'a>,
}

/// What an image says of its containers.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ImageConfig<'a> {
    /// `NAME=VALUE`.
    pub env: &'a [String],
    /// The command.
    pub cmd: &'a Option<Vec<String>>,
    /// The entrypoint.
    pub entrypoint: &'a Option<Vec<String>>,
    /// The working directory.
    pub working_dir: &'a str,
    /// The user.
    pub user: &'a str,
    /// Labels.
    pub labels: &'a std::collections::BTreeMap<String, String>,
}

/// The lines of a pull: who pulls is the kubelet, when the container starts.
#[must_use]
pub fn pull_lines(name: &str) -> String {
    let (repository, tag) = name.rsplit_once(':').unwrap_or((name, "latest"));
    let line = |value: serde_json::Value| format!("{value}\r\n");
    line(json!({"status": format!("Pulling from {repository}"), "id": tag}))
        + &line(json!({"status": format!("Status: {name} is pulled by the kubelet when a container starts")}))
}
