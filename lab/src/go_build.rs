//! Builds the programs that a Go module of the lab pins. The module's folder
//! and the flags are the key: what did not change is not built again.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::cache::{self, Inputs};
use crate::command::run;

/// A Go module of the lab and how its programs are built.
pub struct GoModule {
    /// The artefact's name.
    pub name: &'static str,
    /// The module's folder below `lab/`.
    pub folder: &'static str,
    /// The packages to build, each one program.
    pub packages: &'static [&'static str],
    /// The flags for the linker, which set version strings.
    pub ldflags: &'static str,
    /// Build tags.
    pub tags: &'static str,
}

impl GoModule {
    /// Builds the programs if they are missing, and returns the directory that holds them.
    ///
    /// # Errors
    /// Returns an error if the compiler cannot be run or fails. Its output goes to stderr.
    pub fn build(&self) -> Result<PathBuf> {
        let source = folder().join(self.folder);
        let inputs = Inputs::default()
            .text(&go_version()?)
            .text(&self.packages.join(" "))
            .text(self.ldflags)
            .text(self.tags)
            .path(&source)?;
        cache::artefact(self.name, inputs, |out| self.compile(&source, out))
    }

    fn compile(&self, source: &Path, out: &Path) -> Result<()> {
        let mut target = out.as_os_str().to_owned();
        target.push("/");
        let status = Command::new("go")
            .args([
                "build",
                "-trimpath",
                "-tags",
                self.tags,
                "-ldflags",
                self.ldflags,
                "-o",
            ])
            .arg(target)
            .args(self.packages)
            .current_dir(source)
            .env("CGO_ENABLED", "0")
            .status()
            .context("cannot run go")?;
        if !status.success() {
            bail!("go build in {} failed: {status}", source.display());
        }
        Ok(())
    }
}

/// The folder `lab/` of this checkout.
#[must_use]
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the folder with the source of a module that a module of the lab requires.
///
/// # Errors
/// Returns Go's error.
pub(crate) fn source(folder: &str, module: &str) -> Result<PathBuf> {
    let mut download = Command::new("go");
    download.args(["mod", "download", "-json", module]);
    let answer = run(download.current_dir(self::folder().join(folder)))?;
    let answer: Value = serde_json::from_str(&answer)?;
    let source = answer["Dir"].as_str();
    source
        .map(PathBuf::from)
        .with_context(|| format!("go mod download does not say where {module} is"))
}

/// The compiler's version, as `go env GOVERSION` says it.
///
/// # Errors
/// Returns an error if Go is not installed.
pub fn go_version() -> Result<String> {
    let output = Command::new("go")
        .args(["env", "GOVERSION"])
        .output()
        .context("cannot run go")?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
