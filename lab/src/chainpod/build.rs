//! chainpod and its agent, compiled from this checkout.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cluster::Cluster;
use crate::progress::Progress;
use crate::{go, images};

/// The agent's target: static, without a C library of the image's.
const AGENT_TARGET: &str = "x86_64-unknown-linux-gnu";

/// How the daemon is compiled; the agent always is for its size.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Quick to build: tests and the demo.
    Dev,
    /// What users run: benchmarks.
    Release,
}

/// Builds daemon and agent, and loads the agent's image into the cluster; the daemon's file.
///
/// # Errors
/// Those of cargo and of the image's import.
pub fn build(cluster: &Cluster, profile: Profile, progress: &Progress) -> Result<PathBuf> {
    let workspace = go::folder().join("..");
    let agent = progress.step("building chainpod-agent", || {
        cargo(
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
            "-C target-feature=+crt-static",
        )?;
        Ok::<_, anyhow::Error>(
            workspace
                .join("target/agent")
                .join(AGENT_TARGET)
                .join("agent/chainpod-agent"),
        )
    })?;
    let daemon = progress.step("building chainpod", || {
        let (flags, folder): (&[&str], _) = match profile {
            Profile::Dev => (&["--package", "chainpod"], "debug"),
            Profile::Release => (&["--package", "chainpod", "--release"], "release"),
        };
        cargo(&workspace, flags, "")?;
        Ok::<_, anyhow::Error>(workspace.join("target").join(folder).join("chainpod"))
    })?;
    let image = images::build_chainpod(&agent, progress)?;
    progress.step("loading chainpod's image", || cluster.import(&image))?;
    Ok(daemon)
}

fn cargo(workspace: &Path, arguments: &[&str], rustflags: &str) -> Result<()> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .current_dir(workspace)
        .args(["build", "--quiet", "--locked"])
        .args(arguments);
    if !rustflags.is_empty() {
        command.env("RUSTFLAGS", rustflags);
    }
    let status = command.status().context("cannot run cargo")?;
    if !status.success() {
        bail!("cargo build {} failed: {status}", arguments.join(" "));
    }
    Ok(())
}
