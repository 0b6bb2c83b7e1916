//! Builds chainpod and its agent from this checkout, and loads their image into the cluster.

use std::path::PathBuf;

use anyhow::Result;
use image::compile::{self, Profile};
use image::{Kind, Programs};
use lab::cluster::Cluster;
use lab::progress::Progress;

/// Builds the daemon and the agent, and loads their image into the cluster. Returns the daemon's file.
///
/// # Errors
/// Returns the errors of cargo and of the import of the image.
pub fn build(cluster: &Cluster, profile: Profile, progress: &Progress) -> Result<PathBuf> {
    let agent = progress.step("building chainpod-agent", compile::agent)?;
    let daemon = progress.step("building chainpod", || compile::daemon(profile))?;
    let programs = Programs { daemon, agent };
    progress.step("loading chainpod's image", || load(cluster, &programs))?;
    Ok(programs.daemon)
}

/// As releases have it, but for its name and compression.
fn load(cluster: &Cluster, programs: &Programs) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("chainpod.tar");
    let kind = Kind {
        name: super::IMAGE,
        architecture: image::oci::AMD64,
        compressed: false,
    };
    image::write_chainpod(&kind, programs, &archive)?;
    cluster.import(&archive)
}
