//! The answers about images: inspect, the list, a removal, and the progress of a pull.

use std::collections::BTreeMap;

use image_name::ImageName;
use serde::Serialize;
use serde_json::json;

use crate::config::Config;
use crate::version::{ARCH, OS};

/// The answer of `GET /images/NAME/json`: the fields that are known without a pull of the image.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ImageInspect {
    /// The image's id.
    pub id: String,
    /// Its names.
    pub repo_tags: Vec<String>,
    /// Its names by digest.
    pub repo_digests: Vec<String>,
    parent: &'static str,
    comment: &'static str,
    /// The time at which it was built or pulled here.
    pub created: String,
    docker_version: &'static str,
    author: &'static str,
    /// The configuration of its program.
    pub config: Config,
    architecture: &'static str,
    os: &'static str,
    /// Bytes that a build added to its base.
    pub size: u64,
    /// Its layers.
    #[serde(rename = "RootFS")]
    pub root_fs: RootFs,
    metadata: Metadata,
}

/// The layers of an image.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RootFs {
    r#type: &'static str,
    layers: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    last_tag_time: String,
}

/// One row of `GET /images/json`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ImageSummary {
    /// The image's id.
    pub id: String,
    parent_id: &'static str,
    /// Its names.
    pub repo_tags: Vec<String>,
    /// Its names by digest.
    pub repo_digests: Vec<String>,
    /// The time at which it was built or pulled here, in seconds since 1970.
    pub created: i64,
    /// Bytes that a build added to its base.
    pub size: u64,
    shared_size: i64,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    containers: i64,
}

/// One step of `DELETE /images/NAME`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub enum Removal {
    /// A name was removed.
    Untagged(String),
    /// The image was removed.
    Deleted(String),
}

/// Docker's value for a number that was not counted.
const NOT_COUNTED: i64 = -1;

impl ImageInspect {
    /// An image with these layers, without names.
    #[must_use]
    pub fn new(id: String, created: String, config: Config, layers: Vec<String>) -> Self {
        let r#type = "layers";
        Self {
            id,
            repo_tags: Vec::new(),
            repo_digests: Vec::new(),
            parent: "",
            comment: "",
            created: created.clone(),
            docker_version: "",
            author: "",
            config,
            architecture: ARCH,
            os: OS,
            size: 0,
            root_fs: RootFs { r#type, layers },
            metadata: Metadata {
                last_tag_time: created,
            },
        }
    }
}

impl ImageSummary {
    /// An image that was created at `created`, without names.
    #[must_use]
    pub fn new(id: String, created: i64) -> Self {
        Self {
            id,
            parent_id: "",
            repo_tags: Vec::new(),
            repo_digests: Vec::new(),
            created,
            size: 0,
            shared_size: NOT_COUNTED,
            labels: BTreeMap::new(),
            containers: NOT_COUNTED,
        }
    }
}

/// Returns the lines of a pull. The kubelet does the pull, when the container starts. The last line begins
/// like Docker's line for an existing image: docker-java reports any other line as a failure.
#[must_use]
pub fn pull_lines(name: &ImageName) -> String {
    let version = name.tag().or(name.digest());
    let (path, familiar) = (name.path(), name.familiar());
    let line = |value: serde_json::Value| format!("{value}\r\n");
    line(json!({"status": format!("Pulling from {path}"), "id": version}))
        + &line(
            json!({"status": format!("Status: Image is up to date for {familiar}; the kubelet pulls it when a container starts")}),
        )
}
