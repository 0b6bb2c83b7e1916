//! Programs that cargo installs into the lab's cache, each in a version of its own.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use lab::cache::{self, Inputs};

/// One program of crates.io.
pub(super) struct CargoTool {
    /// The crate.
    name: &'static str,
    /// The program that it installs.
    program: &'static str,
    /// The pinned version.
    version: &'static str,
}

/// Judges the licences, sources and arrows of dependencies.
pub(super) const CARGO_DENY: CargoTool = CargoTool {
    name: "cargo-deny",
    program: "cargo-deny",
    version: "0.20.2",
};

/// Checks spelling.
pub(super) const TYPOS: CargoTool = CargoTool {
    name: "typos-cli",
    program: "typos",
    version: "1.52.0",
};

impl CargoTool {
    /// Returns the program's path, after building it if the cache has it not.
    ///
    /// # Errors
    /// Returns an error if cargo cannot build it, or the cache cannot be written.
    pub(super) fn installed(&self) -> Result<PathBuf> {
        let folder = cache::artefact(self.name, Inputs::default().text(self.version), |out| {
            let mut install = Command::new("cargo");
            install.args([
                "install",
                "--quiet",
                "--locked",
                self.name,
                "--version",
                self.version,
            ]);
            let status = install
                .arg("--root")
                .arg(out)
                .status()
                .context("cannot run cargo")?;
            if status.success() {
                Ok(())
            } else {
                bail!("cargo install {} failed: {status}", self.name)
            }
        })?;
        Ok(folder.join("bin").join(self.program))
    }
}
