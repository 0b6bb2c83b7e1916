//! The answer of `GET /info`.

use serde::Serialize;

use crate::container::DRIVER;
use crate::version::{ARCH, OS};

/// A description of this installation: the fields that have a meaning for a cluster.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Info {
    #[serde(rename = "ID")]
    id: &'static str,
    name: &'static str,
    /// The number of containers.
    pub containers: usize,
    /// The number of running containers.
    pub containers_running: usize,
    containers_paused: usize,
    /// The number of containers that do not run.
    pub containers_stopped: usize,
    /// The number of images.
    pub images: usize,
    driver: &'static str,
    driver_status: [[&'static str; 2]; 0],
    memory_limit: bool,
    cpu_cfs_period: bool,
    cpu_cfs_quota: bool,
    #[serde(rename = "CPUShares")]
    cpu_shares: bool,
    experimental_build: bool,
    operating_system: &'static str,
    #[serde(rename = "OSType")]
    os_type: &'static str,
    architecture: &'static str,
    server_version: &'static str,
    labels: [&'static str; 0],
    warnings: [&'static str; 0],
    default_runtime: &'static str,
    live_restore_enabled: bool,
}

impl Info {
    /// The answer of chainpod in that version.
    #[must_use]
    pub fn new(version: &'static str) -> Self {
        Self {
            id: "chainpod",
            name: "chainpod",
            driver: DRIVER,
            memory_limit: true,
            cpu_cfs_period: true,
            cpu_cfs_quota: true,
            cpu_shares: true,
            operating_system: "Kubernetes",
            os_type: OS,
            architecture: ARCH,
            server_version: version,
            default_runtime: DRIVER,
            // Chaincode keeps running while chainpod is away.
            live_restore_enabled: true,
            ..Self::default()
        }
    }
}
