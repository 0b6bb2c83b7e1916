//! The lab's images under their public names, made here from Debian's packages, npm's
//! and our own builds. Same inputs, same digests.

mod debian;
mod fabric;
mod languages;
mod network_policies;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use image::oci::{self, Image, Layer};
use serde_json::{Value, json};

pub(crate) use self::network_policies::{NETWORK_POLICIES, build_network_policies};
use crate::cache::{self, Inputs};
use crate::go_build::{self, GoModule};
use crate::progress::Progress;

/// The one file of each artefact here.
const ARCHIVE: &str = "images.tar";
/// Raised when the way images are made changes: it is part of every key.
const RECIPE: &str = "4";
/// The image of busybox.
const BUSYBOX_IMAGE: &str = "docker.io/library/busybox:1.35";
/// The path of busybox in Debian's busybox-static.
const BUSYBOX: &str = "/bin/busybox";

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

/// Makes all images. Returns an OCI archive for containerd.
///
/// # Errors
/// Returns the errors of the compilers and of mmdebstrap.
pub fn build(progress: &Progress) -> Result<PathBuf> {
    let coredns = progress.step("building CoreDNS", || COREDNS.build())?;
    let pause = progress.step("building pause", || PAUSE.build())?;
    let node = progress.step("fetching Node.js and npm", languages::node)?;
    let versions = debian::resolved_versions()?;
    let mut inputs = Inputs::default()
        .text(RECIPE)
        .text(&versions)
        .text(&go_build::go_version()?)
        .path(&coredns)?
        .path(&pause)?;
    for source in languages::sources() {
        inputs = inputs.path(&source)?;
    }
    let folder = cache::artefact("images", inputs, |out| {
        let systems = progress.step("making the systems of Fabric's images with mmdebstrap", || {
            debian::make(out, [&debian::MINIMAL, &debian::COMPILERS, &debian::JAVA])
        })?;
        let [base, compilers, java] = &systems;
        progress.step("writing the images", || {
            let node = languages::node_layer(&node)?;
            let mut images = vec![
                static_program("registry.k8s.io/pause:3.10", &pause.join("pause"), "pause")?,
                static_program(
                    "registry.k8s.io/coredns/coredns:v1.14.7",
                    &coredns.join("coredns"),
                    "coredns",
                )?,
                busybox(BUSYBOX_IMAGE, json!({"Cmd": ["sh"], "Env": ["PATH=/bin"]}))?,
                languages::java_image(java)?,
            ];
            images.extend(fabric::images(base, compilers, &node)?);
            images.extend(languages::node_images(base, &node)?);
            oci::write(&images, File::create(out.join(ARCHIVE))?)?;
            systems.iter().try_for_each(fs::remove_file)?;
            Ok::<_, anyhow::Error>(())
        })
    })?;
    eprintln!(
        "  Debian's packages in the images: {}",
        folder.join("ccenv.packages").display()
    );
    Ok(folder.join(ARCHIVE))
}

/// Makes the image of Fabric's own programs under all of these names. Returns an OCI archive. The programs
/// are static, and busybox is in the image too.
///
/// # Errors
/// Returns an error if a program cannot be read.
pub(crate) fn build_fabric(names: &[String], programs: &Path, samples: &Path) -> Result<PathBuf> {
    let inputs = Inputs::default()
        .text(RECIPE)
        .text(&names.join(" "))
        .path(programs)?;
    let folder = cache::artefact("fabric-image", inputs, |out| {
        let mut tar = oci::tar();
        fabric::add_tree(&mut tar, programs, "usr/local/bin")?;
        fabric::add_tree(&mut tar, samples, "etc/hyperledger/fabric")?;
        let environment = [fabric::PATH, "FABRIC_CFG_PATH=/etc/hyperledger/fabric"];
        let mut image = busybox("", json!({"Env": environment}))?;
        image.names = names.to_vec();
        image.layers.push(Layer::memory(tar.into_inner()?)?);
        oci::write(&[image], File::create(out.join(ARCHIVE))?).map(drop)
    })?;
    Ok(folder.join(ARCHIVE))
}

/// An image with one static program, which is its entrypoint.
fn static_program(name: &str, program: &Path, path: &str) -> Result<Image> {
    let mut tar = oci::tar();
    oci::append(&mut tar, path, 0o755, &read(program)?)?;
    let config = json!({"Entrypoint": [format!("/{path}")], "User": "65535:65535"});
    Ok(Image {
        names: vec![name.to_owned()],
        architecture: oci::AMD64,
        layers: vec![Layer::memory(tar.into_inner()?)?],
        config,
    })
}

/// Writes an OCI archive of one image: Debian's busybox with that `config`.
///
/// # Errors
/// Returns an error if busybox cannot be read, or the file not written.
pub(crate) fn write_busybox(name: &str, config: &Value, archive: &Path) -> Result<()> {
    let image = busybox(name, config.clone())?;
    oci::write(&[image], File::create(archive)?).map(drop)
}

fn busybox(name: &str, config: Value) -> Result<Image> {
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
    oci::directory(&mut tar, "tmp/", 0o1777, 0)?;
    oci::append(&mut tar, "etc/passwd", 0o644, b"root:x:0:0:root:/:/bin/sh\n")?;
    Ok(Image {
        names: vec![name.to_owned()],
        architecture: oci::AMD64,
        layers: vec![Layer::memory(tar.into_inner()?)?],
        config,
    })
}

fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}
