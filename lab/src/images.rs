//! The lab's images under their public names, made here from Debian's packages
//! and our own builds. Same inputs, same digests.

mod debian;
mod oci;

use std::fs::{self, File};
use std::io::Cursor;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::json;

use self::oci::{Image, Layer};
use crate::cache::{self, Inputs};
use crate::go::{self, GoModule};
use crate::progress::Progress;

/// The one file of each artefact here.
const ARCHIVE: &str = "images.tar";
/// Raised when the way images are made changes: it is part of every key.
const RECIPE: &str = "1";
/// The parts of Go that a compiler in an image does not need.
const NOT_IN_CCENV: [&str; 4] = ["api", "test", "doc", "misc"];
/// Where Debian's busybox-static puts it.
const BUSYBOX: &str = "/bin/busybox";
/// `User` of Fabric's own images (fabric/images/{ccenv,baseos}/Dockerfile).
const FABRIC_USER: &str = "chaincode";

const COREDNS: GoModule = GoModule {
    name: "coredns",
    folder: "coredns",
    packages: &["github.com/coredns/coredns"],
    ldflags: "-s -w",
    tags: "",
};
const PAUSE: GoModule = GoModule {
    name: "pause",
    folder: "images/pause",
    packages: &["."],
    ldflags: "-s -w",
    tags: "",
};

/// Makes all images but chainpod's own; an OCI archive for containerd.
///
/// # Errors
/// Those of the compilers and of mmdebstrap.
pub fn build(progress: &Progress) -> Result<PathBuf> {
    let coredns = progress.step("building CoreDNS", || COREDNS.build())?;
    let pause = progress.step("building pause", || PAUSE.build())?;
    let versions = debian::resolved_versions()?;
    let inputs = Inputs::default()
        .text(RECIPE)
        .text(&versions)
        .text(&go::go_version()?)
        .path(&coredns)?
        .path(&pause)?;
    let folder = cache::artefact("images", inputs, |out| {
        let base = progress.step("making fabric-baseos with mmdebstrap", || {
            debian::base(out, "baseos", &[])
        })?;
        let compilers = progress.step("making fabric-ccenv with mmdebstrap", || {
            debian::base(out, "ccenv", &debian::COMPILERS)
        })?;
        progress.step("writing the images", || {
            let goroot = go_layer()?;
            let images = [
                static_program("registry.k8s.io/pause:3.10", &pause.join("pause"), "pause")?,
                static_program(
                    "registry.k8s.io/coredns/coredns:v1.14.7",
                    &coredns.join("coredns"),
                    "coredns",
                )?,
                busybox()?,
                fabric(
                    "docker.io/hyperledger/fabric-baseos:2.5",
                    vec![Layer::file(base.clone())],
                ),
                fabric(
                    "docker.io/hyperledger/fabric-ccenv:2.5",
                    vec![Layer::file(compilers.clone()), goroot],
                ),
            ];
            oci::write(&images, File::create(out.join(ARCHIVE))?)?;
            fs::remove_file(&base)?;
            fs::remove_file(&compilers)?;
            Ok::<_, anyhow::Error>(())
        })
    })?;
    eprintln!(
        "  Debian's packages in the images: {}",
        folder.join("ccenv.packages").display()
    );
    Ok(folder.join(ARCHIVE))
}

/// Makes chainpod's own image, which carries the agent; an OCI archive.
///
/// # Errors
/// When the agent cannot be read.
pub fn build_chainpod(agent: &Path, progress: &Progress) -> Result<PathBuf> {
    let inputs = Inputs::default().text(RECIPE).path(agent)?;
    let folder = progress.step("making chainpod's image", || {
        cache::artefact("chainpod-image", inputs, |out| {
            let image = static_program("docker.io/chainpod/chainpod:dev", agent, "chainpod-agent")?;
            oci::write(&[image], File::create(out.join(ARCHIVE))?)
        })
    })?;
    Ok(folder.join(ARCHIVE))
}

/// An image with one static program, which is its entrypoint.
fn static_program(name: &str, program: &Path, path: &str) -> Result<Image> {
    let mut tar = oci::tar();
    oci::append(&mut tar, path, 0o755, &read(program)?)?;
    let config = json!({"Entrypoint": [format!("/{path}")], "User": "65535:65535"});
    Ok(Image {
        name: name.to_owned(),
        layers: vec![Layer::memory(tar.into_inner()?)],
        config,
    })
}

fn busybox() -> Result<Image> {
    let applets = Command::new(BUSYBOX)
        .arg("--list")
        .output()
        .context("cannot run busybox: install busybox-static")?;
    let mut tar = oci::tar();
    oci::append(&mut tar, "bin/busybox", 0o755, &read(Path::new(BUSYBOX))?)?;
    for applet in String::from_utf8_lossy(&applets.stdout)
        .lines()
        .filter(|applet| *applet != "busybox")
    {
        oci::link(&mut tar, &format!("bin/{applet}"), "busybox")?;
    }
    oci::directory(&mut tar, "tmp/", 0o1777)?;
    oci::append(&mut tar, "etc/passwd", 0o644, b"root:x:0:0:root:/:/bin/sh\n")?;
    let config = json!({"Cmd": ["sh"], "Env": ["PATH=/bin"]});
    let name = "docker.io/library/busybox:1.35".to_owned();
    Ok(Image {
        name,
        layers: vec![Layer::memory(tar.into_inner()?)],
        config,
    })
}

/// An image as Fabric's: its user, and Go on the PATH.
fn fabric(name: &str, layers: Vec<Layer>) -> Image {
    let path = "PATH=/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    let config = json!({"User": FABRIC_USER, "Env": [path], "Cmd": ["/bin/bash"]});
    Image {
        name: name.to_owned(),
        layers,
        config,
    }
}

/// This machine's Go below `/usr/local/go`.
fn go_layer() -> Result<Layer> {
    let output = Command::new("go")
        .args(["env", "GOROOT"])
        .output()
        .context("cannot run go")?;
    let goroot = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    let mut tar = oci::tar();
    let mut entries: Vec<_> = fs::read_dir(&goroot)?.collect::<std::io::Result<_>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !NOT_IN_CCENV.contains(&name.as_str()) && !name.starts_with('.') {
            add_tree(&mut tar, &entry.path(), &format!("usr/local/go/{name}"))?;
        }
    }
    Ok(Layer::memory(tar.into_inner()?))
}

fn add_tree(tar: &mut tar::Builder<Cursor<Vec<u8>>>, path: &Path, name: &str) -> Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    if metadata.is_symlink() {
        return oci::link(tar, name, &fs::read_link(path)?.to_string_lossy());
    }
    let mode = metadata.permissions().mode() & 0o777;
    if metadata.is_file() {
        return oci::append(tar, name, mode, &fs::read(path)?);
    }
    oci::directory(tar, &format!("{name}/"), mode)?;
    let mut entries: Vec<_> = fs::read_dir(path)?.collect::<std::io::Result<_>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        add_tree(
            tar,
            &entry.path(),
            &format!("{name}/{}", entry.file_name().to_string_lossy()),
        )?;
    }
    Ok(())
}

fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}
