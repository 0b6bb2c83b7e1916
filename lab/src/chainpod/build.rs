//! chainpod and its agent, compiled from this checkout, both static: they run in an image
//! that has nothing else.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cluster::Cluster;
use crate::go;
use crate::images::{self, Kind, Programs};
use crate::progress::Progress;

/// The agent's target.
const AGENT_TARGET: &str = "x86_64-unknown-linux-gnu";

/// Needs no C library of an image's.
pub(super) const STATIC: &str = "target-feature=+crt-static";

/// How the names of such variables begin.
const OF_OUR_PACKAGE: [&str; 2] = ["CARGO_MANIFEST_", "CARGO_PKG_"];

/// How the daemon is compiled; the agent always is for its size.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Quick to build: tests and the demo.
    Dev,
    /// What users run: benchmarks.
    Release,
}

/// Builds daemon and agent, and loads their image into the cluster; the daemon's file.
///
/// # Errors
/// Those of cargo and of the image's import.
pub fn build(cluster: &Cluster, profile: Profile, progress: &Progress) -> Result<PathBuf> {
    let workspace = go::folder().join("..");
    let agent = progress.step("building chainpod-agent", || {
        cargo(
            "build",
            &workspace,
            &[
                "--profile",
                "agent",
                "--package",
                "chainpod-agent",
                "--target",
                AGENT_TARGET,
                "--target-dir",
                "target/agent",
            ],
            &[("RUSTFLAGS", &format!("-C {STATIC}"))],
        )?;
        Ok::<_, anyhow::Error>(
            workspace
                .join("target/agent")
                .join(AGENT_TARGET)
                .join("agent/chainpod-agent"),
        )
    })?;
    let daemon = progress.step("building chainpod", || {
        let (name, folder) = match profile {
            Profile::Dev => ("dev", "debug"),
            Profile::Release => ("release", "release"),
        };
        // Of the program alone, so that its libraries are those of the tests.
        let flags = ["-C", STATIC, "-C", "strip=symbols"];
        let package = [
            "--package",
            "chainpod",
            "--bin",
            "chainpod",
            "--profile",
            name,
            "--",
        ];
        cargo("rustc", &workspace, &[&package[..], &flags].concat(), &[])?;
        Ok::<_, anyhow::Error>(workspace.join("target").join(folder).join("chainpod"))
    })?;
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
        architecture: images::AMD64,
        compressed: false,
    };
    images::write_chainpod(&kind, programs, &archive)?;
    cluster.import(&archive)
}

/// Runs cargo with these variables of the environment.
pub(super) fn cargo(command: &str, workspace: &Path, arguments: &[&str], env: &[(&str, &str)]) -> Result<()> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(workspace)
        .args([command, "--quiet", "--locked"])
        .args(arguments)
        .envs(env.iter().copied());
    // What a cargo that runs us says of our own package: build scripts that look at it would run again.
    for (name, _) in std::env::vars_os() {
        if OF_OUR_PACKAGE
            .iter()
            .any(|prefix| name.to_string_lossy().starts_with(prefix))
        {
            cargo.env_remove(name);
        }
    }
    let status = cargo.status().context("cannot run cargo")?;
    if !status.success() {
        bail!("cargo {command} {} failed: {status}", arguments.join(" "));
    }
    Ok(())
}
