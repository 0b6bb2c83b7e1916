//! chainpod and its agent, compiled from a checkout, both static: they run in an image that has nothing else.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The agent's target.
const AGENT_TARGET: &str = "x86_64-unknown-linux-gnu";

/// Needs no C library of an image's.
pub(super) const STATIC: &str = "target-feature=+crt-static";

/// The prefixes of such variables' names.
const OF_OUR_PACKAGE: [&str; 2] = ["CARGO_MANIFEST_", "CARGO_PKG_"];

/// The way in which the daemon is compiled. The agent is always compiled for size.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Quick to build: tests and the demo.
    Dev,
    /// The build that users run, for benchmarks.
    Release,
}

/// Compiles the agent of the checkout in that folder and returns its file.
///
/// # Errors
/// Returns an error if cargo fails.
pub fn agent(workspace: &Path) -> Result<PathBuf> {
    cargo(
        "build",
        workspace,
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
    Ok(workspace
        .join("target/agent")
        .join(AGENT_TARGET)
        .join("agent/chainpod-agent"))
}

/// Compiles the daemon of the checkout in that folder and returns its file.
///
/// # Errors
/// Returns an error if cargo fails.
pub fn daemon(workspace: &Path, profile: Profile) -> Result<PathBuf> {
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
    cargo("rustc", workspace, &[&package[..], &flags].concat(), &[])?;
    Ok(workspace.join("target").join(folder).join("chainpod"))
}

/// Returns the folder of this checkout.
#[must_use]
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
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
