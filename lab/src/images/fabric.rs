//! Fabric's images, as its own Dockerfiles make them (`fabric/images/{ccenv,baseos}`):
//! 2.x has a user, 1.4 is root and has a GOPATH. All have their layers in common.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use image::oci::{self, Image, Layer, LayerTar};
use serde_json::{Value, json};

const BASEOS_2: [&str; 2] = [
    "docker.io/hyperledger/fabric-baseos:2.5",
    "docker.io/hyperledger/fabric-baseos:2.1",
];
const CCENV_2: [&str; 2] = [
    "docker.io/hyperledger/fabric-ccenv:2.5",
    "docker.io/hyperledger/fabric-ccenv:2.1",
];
const BASEOS_1: [&str; 1] = ["docker.io/hyperledger/fabric-baseos:amd64-0.4.22"];
const CCENV_1: [&str; 1] = ["docker.io/hyperledger/fabric-ccenv:1.4"];

/// The user of 2.x, and its lines in `/etc/passwd` and `/etc/group`.
const USER: &str = "chaincode";
const USER_ID: u64 = 500;
const USER_LINES: [(&str, &str); 2] = [
    ("etc/passwd", "chaincode:x:500:500::/home/chaincode:/bin/sh\n"),
    ("etc/group", "chaincode:x:500:\n"),
];
/// The folders that belong to that user.
const USER_FOLDERS: [&str; 4] = [
    "home/chaincode/",
    "chaincode/",
    "chaincode/input/",
    "chaincode/output/",
];
/// The folders of 1.4's ccenv. All of them belong to root.
const ROOT_FOLDERS: [&str; 6] = [
    "opt/gopath/",
    "opt/gopath/src/",
    "opt/gopath/bin/",
    "chaincode/",
    "chaincode/input/",
    "chaincode/output/",
];
pub(super) const PATH: &str =
    "PATH=/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// 1.4 builds with `go build` and no flag about modules: the Go of its time had none.
const GOPATH: [&str; 2] = ["GOPATH=/opt/gopath", "GO111MODULE=off"];
/// The parts of Go that a compiler in an image does not need.
const NOT_IN_CCENV: [&str; 4] = ["api", "test", "doc", "misc"];

/// The images, from the tar of a minimal system and one with compilers. 1.4 builds Node.js chaincode
/// where it builds Go's.
pub(super) fn images(base: &Path, compilers: &Path, node: &Layer) -> Result<Vec<Image>> {
    let baseos = [Layer::file(base.to_owned())?];
    let ccenv = [Layer::file(compilers.to_owned())?, go_layer()?];
    let of_root = Layer::memory(folders(&ROOT_FOLDERS, 0)?.into_inner()?)?;
    let with = |below: &[Layer], top: Layer| [below, &[top]].concat();
    Ok(vec![
        image(&BASEOS_2, with(&baseos, user_layer(base)?), USER, &[]),
        image(&CCENV_2, with(&ccenv, user_layer(compilers)?), USER, &[]),
        image(&BASEOS_1, baseos.to_vec(), "", &[]),
        image(&CCENV_1, with(&with(&ccenv, node.clone()), of_root), "", &GOPATH),
    ])
}

fn image(names: &[&str], layers: Vec<Layer>, user: &str, env: &[&str]) -> Image {
    let env = [&[PATH], env].concat();
    let config: Value = json!({"User": user, "Env": env, "Cmd": ["/bin/bash"]});
    Image {
        names: names.iter().map(ToString::to_string).collect(),
        architecture: oci::AMD64,
        layers,
        config,
    }
}

/// The user in the system of that tar, and its folders.
fn user_layer(system: &Path) -> Result<Layer> {
    let mut tar = oci::tar();
    for (path, line) in USER_LINES {
        let content = file_of(system, path)? + line;
        oci::append(&mut tar, path, 0o644, content.as_bytes())?;
    }
    for folder in USER_FOLDERS {
        oci::directory(&mut tar, folder, 0o755, USER_ID)?;
    }
    Layer::memory(tar.into_inner()?)
}

/// A layer's tar that begins with these folders.
pub(super) fn folders(folders: &[&str], owner: u64) -> Result<LayerTar> {
    let mut tar = oci::tar();
    for folder in folders {
        oci::directory(&mut tar, folder, 0o755, owner)?;
    }
    Ok(tar)
}

/// A text file in a tar.
fn file_of(tar: &Path, path: &str) -> Result<String> {
    for entry in tar::Archive::new(File::open(tar)?).entries()? {
        let mut entry = entry?;
        if entry
            .path()?
            .strip_prefix(".")
            .is_ok_and(|name| name == Path::new(path))
        {
            let mut text = String::new();
            entry.read_to_string(&mut text)?;
            return Ok(text);
        }
    }
    bail!("there is no {path} in {}", tar.display())
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
    Layer::memory(tar.into_inner()?)
}

pub(super) fn add_tree(tar: &mut LayerTar, path: &Path, name: &str) -> Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    if metadata.is_symlink() {
        return oci::link(tar, name, &fs::read_link(path)?.to_string_lossy());
    }
    let mode = metadata.permissions().mode() & 0o777;
    if metadata.is_file() {
        return oci::append(tar, name, mode, &fs::read(path)?);
    }
    oci::directory(tar, &format!("{name}/"), mode, 0)?;
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
