//! Root filesystems from Debian's packages, as tars, by mmdebstrap.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The release of all packages here.
const RELEASE: &str = "bookworm";
/// What compiles Go chaincode with cgo and links it statically.
pub(super) const COMPILERS: [&str; 5] = ["ca-certificates", "gcc", "git", "libc6-dev", "make"];
/// Packages that stand for the whole release in the key: when one of them gets a new version, so
/// did the archive.
const WITNESSES: [&str; 4] = ["base-files", "libc6", "libssl3", "busybox-static"];
/// The time of every file, so that the same packages give the same tar: 2025-01-01.
const EPOCH: &str = "1735689600";
/// The versions that apt would install now, a line each.
///
/// # Errors
/// When apt-cache cannot be run.
pub(super) fn resolved_versions() -> Result<String> {
    let packages = [COMPILERS.as_slice(), WITNESSES.as_slice()].concat();
    let output = Command::new("apt-cache")
        .arg("policy")
        .args(packages)
        .output()
        .context("cannot run apt-cache")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = text
        .lines()
        .filter(|line| !line.starts_with(' ') || line.trim_start().starts_with("Candidate:"));
    Ok(lines.map(str::trim).collect::<Vec<_>>().join("\n"))
}

/// Makes `NAME.tar` in `folder` with these packages beside the minimum, and `NAME.packages` with
/// the version of each that is in it.
///
/// # Errors
/// mmdebstrap's, whose output goes to stderr.
pub(super) fn base(folder: &Path, name: &str, packages: &[&str]) -> Result<PathBuf> {
    let tar = folder.join(format!("{name}.tar"));
    let list = folder.join(format!("{name}.packages"));
    let mut command = Command::new("mmdebstrap");
    command
        .args(["--quiet", "--mode=root", "--variant=minbase"])
        .env("SOURCE_DATE_EPOCH", EPOCH);
    for kept_out in [
        "/usr/share/doc/*",
        "/usr/share/man/*",
        "/usr/share/locale/*",
        "/usr/share/info/*",
    ] {
        command.arg(format!("--dpkgopt=path-exclude={kept_out}"));
    }
    if !packages.is_empty() {
        command.arg(format!("--include={}", packages.join(",")));
    }
    command.arg(format!(
        "--customize-hook=dpkg-query --admindir=\"$1/var/lib/dpkg\" -W > '{}'",
        list.display()
    ));
    let status = command
        .arg(RELEASE)
        .arg(&tar)
        .status()
        .context("cannot run mmdebstrap")?;
    if !status.success() {
        bail!("mmdebstrap for {name} failed: {status}");
    }
    for line in fs::read_to_string(&list)?.lines() {
        eprintln!("    {name}: {}", line.replace('\t', " "));
    }
    Ok(tar)
}
