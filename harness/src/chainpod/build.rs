//! Builds chainpod and its agent, from this checkout or from an earlier commit, and loads their image into the
//! cluster.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use image::compile::{self, Profile, workspace};
use image::{Kind, Programs};
use lab::cache::{self, Inputs};
use lab::cluster::Cluster;
use lab::command::run;
use lab::progress::Progress;

use super::{Earlier, IMAGE};

/// The name under which the lab loads the image of an earlier chainpod.
const EARLIER_IMAGE: &str = "docker.io/chainpod/chainpod:earlier";

/// Builds the daemon and the agent, and loads their image into the cluster. Returns the daemon's file.
///
/// # Errors
/// Returns the errors of cargo and of the import of the image.
pub fn build(cluster: &Cluster, profile: Profile, progress: &Progress) -> Result<PathBuf> {
    let checkout = &workspace();
    let agent = progress.step("building chainpod-agent", || compile::agent(checkout))?;
    let daemon = progress.step("building chainpod", || compile::daemon(checkout, profile))?;
    let programs = Programs { daemon, agent };
    progress.step("loading chainpod's image", || load(cluster, IMAGE, &programs))?;
    Ok(programs.daemon)
}

/// Does the work of [`build`] for a commit of this repository. Its two programs are kept in the lab's cache.
///
/// # Errors
/// Returns an error if the commit is not in this clone, or the errors of [`build`].
pub fn earlier(cluster: &Cluster, commit: &str, progress: &Progress) -> Result<Earlier> {
    let inputs = Inputs::default().text(commit);
    let folder = progress.step(&format!("building chainpod of {commit}"), || {
        cache::artefact("chainpod-earlier", inputs, |out| compile_commit(commit, out))
    })?;
    let programs = Programs {
        daemon: folder.join("chainpod"),
        agent: folder.join("chainpod-agent"),
    };
    progress.step("loading its image", || load(cluster, EARLIER_IMAGE, &programs))?;
    Ok(Earlier {
        daemon: programs.daemon,
        image: EARLIER_IMAGE,
    })
}

fn compile_commit(commit: &str, out: &Path) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (sources, archive) = (folder.path().join("sources"), folder.path().join("sources.tar"));
    let mut export = Command::new("git");
    export.arg("-C").arg(workspace()).args(["archive", "--output"]);
    run(export.arg(&archive).arg(commit))
        .context("the commit is not in this clone: fetch its whole history with git fetch --unshallow")?;
    fs::create_dir(&sources)?;
    run(Command::new("tar")
        .arg("-xf")
        .arg(&archive)
        .arg("-C")
        .arg(&sources))?;
    fs::copy(compile::agent(&sources)?, out.join("chainpod-agent"))?;
    fs::copy(compile::daemon(&sources, Profile::Dev)?, out.join("chainpod"))?;
    Ok(())
}

/// As releases have it, but for its name and compression.
fn load(cluster: &Cluster, name: &str, programs: &Programs) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("chainpod.tar");
    let kind = Kind {
        name,
        architecture: image::oci::AMD64,
        compressed: false,
    };
    image::write_chainpod(&kind, programs, &archive)?;
    cluster.import(&archive)
}
