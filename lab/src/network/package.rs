//! Chaincode packages, made with the peer's command line and kept in the cache.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use super::fabric::Lifecycle;
use super::{Fabric, Language, config};
use crate::cache::{self, Inputs};
use crate::command::run;
use crate::go_build;
use crate::progress::Progress;

/// The name of a package's file.
const FILE: &str = "package";
/// The folder that a package's sources are in: their import path with 1.4.
const SOURCES: &str = "kv";

/// A chaincode package of the lab.
#[derive(Clone, Debug)]
pub struct Package {
    file: PathBuf,
    name: String,
    version: String,
}

impl Package {
    /// Makes a package of the Go chaincode for 2.x, vendored. Its label is `NAME_VERSION`.
    ///
    /// # Errors
    /// Returns the errors of Go and of the peer's command line.
    pub fn go(label: &str, progress: &Progress) -> Result<Self> {
        Self::go_for(Fabric::default(), label, progress)
    }

    /// Makes a package of the Go chaincode for that version, vendored. Its label is `NAME_VERSION`.
    ///
    /// # Errors
    /// Returns the errors of Go and of the peer's command line.
    pub fn go_for(fabric: Fabric, label: &str, progress: &Progress) -> Result<Self> {
        Self::in_language(fabric, Language::Go, label, progress)
    }

    /// Makes a package of the chaincode for that version in that language. Its label is `NAME_VERSION`.
    ///
    /// # Errors
    /// Returns the errors of Go and of the peer's command line.
    pub fn in_language(fabric: Fabric, language: Language, label: &str, progress: &Progress) -> Result<Self> {
        let sources = match language {
            Language::Go => vendored_for(fabric)?,
            Language::Node | Language::Java => sources(fabric, language),
        };
        Self::packaged(fabric, language, &sources, label, progress)
    }

    /// Makes a package of these Go sources, which are vendored. Its label is `NAME_VERSION`.
    ///
    /// # Errors
    /// Returns the errors of the peer's command line.
    pub fn of(fabric: Fabric, sources: &Path, label: &str, progress: &Progress) -> Result<Self> {
        Self::packaged(fabric, Language::Go, sources, label, progress)
    }

    fn packaged(
        fabric: Fabric,
        language: Language,
        sources: &Path,
        label: &str,
        progress: &Progress,
    ) -> Result<Self> {
        let (name, version) = label
            .split_once('_')
            .with_context(|| format!("a label is NAME_VERSION, {label:?} is not"))?;
        let lifecycle = fabric.release().lifecycle;
        let file = progress.step(&format!("packaging {label} in {language}"), || {
            let programs = lifecycle.packager().release().module.build()?;
            let inputs = Inputs::default()
                .text(label)
                .text(&programs.display().to_string())
                .path(sources)?;
            let folder = cache::artefact(&format!("package-{language}"), inputs, |out| {
                config::templates(lifecycle.packager(), out)?;
                let mut peer = Command::new(programs.join("peer"));
                peer.current_dir(out).env("FABRIC_CFG_PATH", out);
                match lifecycle {
                    Lifecycle::Approved => approved(&mut peer, language, sources, label),
                    Lifecycle::Legacy => legacy(&mut peer, language, sources, (name, version), out),
                }
            })?;
            Ok::<_, anyhow::Error>(folder.join(FILE))
        })?;
        Ok(Self {
            file,
            name: name.to_owned(),
            version: version.to_owned(),
        })
    }

    /// The chaincode's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The chaincode's version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Its file.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The package id of 2.x: the label and the package's hash.
    pub(super) fn id(&self) -> Result<String> {
        let hash = hex::encode(Sha256::digest(fs::read(&self.file)?));
        Ok(format!("{}_{}:{hash}", self.name, self.version))
    }
}

impl Lifecycle {
    /// Returns the version whose peer makes packages of this kind.
    const fn packager(self) -> Fabric {
        match self {
            Self::Approved => Fabric::V2_5,
            Self::Legacy => Fabric::V1_4,
        }
    }
}

/// The lab's chaincode in that language.
fn sources(fabric: Fabric, language: Language) -> PathBuf {
    go_build::folder().join(language.sources(fabric.release().lifecycle))
}

/// Returns the folder of the Go chaincode for 2.x with its `vendor/`, from the cache.
///
/// # Errors
/// Returns Go's errors.
pub fn vendored() -> Result<PathBuf> {
    vendored_for(Fabric::default())
}

fn vendored_for(fabric: Fabric) -> Result<PathBuf> {
    let source = sources(fabric, Language::Go);
    let inputs = Inputs::default().text(&go_build::go_version()?).path(&source)?;
    let folder = cache::artefact("chaincode-go", inputs, |out| {
        // With what links point to.
        run(Command::new("cp").arg("-rL").arg(&source).arg(out.join(SOURCES)))?;
        run(Command::new("go")
            .args(["mod", "vendor"])
            .current_dir(out.join(SOURCES)))
        .map(drop)
    })?;
    Ok(folder.join(SOURCES))
}

fn approved(peer: &mut Command, language: Language, sources: &Path, label: &str) -> Result<()> {
    peer.args(["lifecycle", "chaincode", "package", FILE])
        .args(["--lang", language.argument(), "--label", label, "--path"])
        .arg(sources);
    run(peer).map(drop)
}

fn legacy(
    peer: &mut Command,
    language: Language,
    sources: &Path,
    (name, version): (&str, &str),
    out: &Path,
) -> Result<()> {
    // It wants an identity, though it signs nothing.
    let identity = config::samples(Fabric::V1_4)?.join("msp");
    peer.args(["chaincode", "package", FILE, "--lang", language.argument()])
        .args(["--name", name, "--version", version, "--path"])
        .env("CORE_PEER_MSPCONFIGPATH", identity);
    match language {
        Language::Go => in_gopath(peer, sources, out),
        Language::Node | Language::Java => run(peer.arg(sources)).map(drop),
    }
}

/// 1.4 knows no modules: the sources are in a GOPATH, and their `vendor/` without its list.
fn in_gopath(peer: &mut Command, sources: &Path, out: &Path) -> Result<()> {
    let gopath = tempfile::tempdir_in(out)?;
    let copy = gopath.path().join("src").join(SOURCES);
    fs::create_dir(gopath.path().join("src"))?;
    run(Command::new("cp").arg("-r").arg(sources).arg(&copy))?;
    for of_modules in ["go.mod", "go.sum", "vendor/modules.txt"] {
        fs::remove_file(copy.join(of_modules))?;
    }
    let wrapper = go_with_double_quotes(gopath.path())?;
    let path = std::env::var("PATH").unwrap_or_default();
    peer.arg(SOURCES)
        .env("GO111MODULE", "off")
        .env("GOPATH", gopath.path())
        .env("PATH", format!("{}:{path}", wrapper.display()));
    run(peer).map(drop)
}

/// A folder with a `go` whose `go env` prints double quotes: 1.4 knows no others.
fn go_with_double_quotes(gopath: &Path) -> Result<PathBuf> {
    let goroot = run(Command::new("go").args(["env", "GOROOT"]))?;
    let go = format!("{}/bin/go", goroot.trim());
    let script = format!("#!/bin/sh\n[ \"$1\" = env ] || exec {go} \"$@\"\n{go} \"$@\" | tr \\' \\\"\n");
    let folder = gopath.join("bin");
    fs::create_dir(&folder)?;
    let file = folder.join("go");
    fs::write(&file, script)?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755))?;
    Ok(folder)
}
