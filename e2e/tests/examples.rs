//! The examples of whole networks: their pages' commands, run as a reader would, in
//! their folders.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use harness::{Installed, Page, Removed, Shell, lab};
use lab::cluster::Volume;
use lab::network::{Fabric, Package};
use lab::progress::Progress;

/// The socket that the oldest example mounts. Where it is not there, the node has a directory then.
const SOCKET: &str = "/var/run/docker.sock";

/// An example, in a copy of its folder with the chaincode in it.
struct Example {
    folder: tempfile::TempDir,
    name: &'static str,
    // Before the volume: claims hold it.
    installed: Installed,
    _volume: Volume,
}

impl Example {
    fn new(name: &'static str, fabric: Fabric, namespace: &str, standard: &str, package: [&str; 2]) -> Self {
        let progress = Progress::new(namespace);
        let (cluster, _) = lab(&progress);
        fabric.load_image(&cluster).unwrap();
        let [label, file] = package;
        let package = Package::go_for(fabric, label, &progress).unwrap();
        let folder = tempfile::tempdir().unwrap();
        copy(&of_checkout(name), folder.path());
        fs::copy(package.file(), folder.path().join("artifacts").join(file)).unwrap();
        let installed = Installed::beneath(&cluster, namespace, standard);
        // It is there before the page makes it: only so the lab's volume can be for it.
        let claim = folder.path().join("createVolume.yaml").display().to_string();
        let _ = installed.kubectl(&["apply", "--filename", &claim]);
        let volume = Volume::for_claim(installed.place(), "shared-pvc").unwrap();
        Self {
            folder,
            name,
            installed,
            _volume: volume,
        }
    }

    /// Runs the page's commands. Returns the output of the last block.
    fn run(&self) -> String {
        let page = Page::read(&of_checkout(self.name).join("README.md"));
        let shell = Shell::new(self.installed.place(), self.folder.path());
        let written = page.blocks().map(|commands| {
            let written = shell.run(commands);
            written.unwrap_or_else(|error| panic!("{error}\n{}", self.installed.told()))
        });
        written.last().unwrap()
    }
}

fn of_checkout(example: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../examples")
        .join(example)
}

fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-r").arg(from.join(".")).arg(to).status();
    assert!(status.unwrap().success());
}

/// Looks for what the last query answers.
fn says_blue(written: &str) {
    assert_eq!(written.lines().last(), Some("blue"), "{written}");
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn ibms_1_4_network_runs_its_chaincode_as_pods() {
    // What the kubelet makes of the socket.
    let _socket = (!Path::new(SOCKET).exists()).then_some(Removed(|| fs::remove_dir(SOCKET)));
    let example = Example::new(
        "ibm-1.4",
        Fabric::V1_4,
        "exampleibm",
        "privileged",
        ["cc_1.0", "cc.pak"],
    );
    says_blue(&example.run());
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn a_2_5_network_runs_its_chaincode_as_pods() {
    let package = ["kv_1", "kv.tar.gz"];
    let example = Example::new("fabric-2.5", Fabric::V2_5, "example25", "restricted", package);
    says_blue(&example.run());
}
