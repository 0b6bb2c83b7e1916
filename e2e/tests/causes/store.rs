//! The image store's disk is full, or can only be read.

use std::time::{Duration, Instant};

use harness::chainpod::Chainpod;
use harness::disk::Disk;
use harness::{lab, says};
use lab::docker::{Docker, tar};
use lab::progress::Progress;
use serde_json::{Value, json};

const DISK_BYTES: u64 = 1 << 20;
static TOO_MUCH: [u8; 2 << 20] = [7; 2 << 20];
/// Before the peer's own 300 s by far.
const TOLD_LIMIT: Duration = Duration::from_secs(30);
const BUILDER: &str = "hyperledger/fabric-ccenv:2.5";
const RUNTIME: &[u8] = b"FROM hyperledger/fabric-baseos:2.5\nCOPY file /usr/local/src/file\n";

fn context(file: &[u8]) -> Vec<u8> {
    tar(&[("Dockerfile", RUNTIME), ("file", file)]).unwrap()
}

/// The sentence of a call that fails, told in time and logged.
fn fails<T>(chainpod: &Chainpod, call: impl FnOnce() -> anyhow::Result<T>) -> String {
    let text = harness::fails(TOLD_LIMIT, call);
    let (_, json) = text.split_once(": {").unwrap();
    let answer: Value = serde_json::from_str(&format!("{{{json}")).unwrap();
    let sentence = answer["message"].as_str().unwrap().to_owned();
    let quoted = json!(sentence).to_string();
    assert!(chainpod.log().contains(&quoted), "not in the log: {sentence}");
    sentence
}

#[test]
fn a_store_that_is_full_or_read_only_says_so_and_what_is_there_still_runs() {
    let (cluster, daemon) = lab(&Progress::new("store"));
    let mut chainpod = Chainpod::start(&cluster, &daemon, "causes-store").unwrap();
    let docker = Docker::new(chainpod.docker());
    chainpod.kill().unwrap();
    std::fs::create_dir_all(chainpod.store()).unwrap();
    let disk = Disk::over(&chainpod.store(), DISK_BYTES).unwrap();
    chainpod.start_again().unwrap();
    docker.build("small", &context(b"")).unwrap();
    docker.pull(BUILDER).unwrap();

    full(&chainpod, &docker);
    disk.read_only().unwrap();
    read_only(&chainpod, &docker);

    chainpod.kill().unwrap();
    // It listens first.
    let _ = chainpod.start_again();
    let ended = chainpod.ended_within(TOLD_LIMIT).unwrap().unwrap();
    assert!(!ended.success());
    let remedy = "; give the store a volume that its user may write to";
    says(&chainpod.log(), &["Read-only file system (os error 30)", remedy]);
    drop(disk);
}

fn full(chainpod: &Chainpod, docker: &Docker) {
    let sentence = fails(chainpod, || docker.build("large", &context(&TOO_MUCH)));
    let remedy = "No space left on device (os error 28); enlarge the store's volume or remove images";
    says(
        &sentence,
        &["image large cannot be built: the image store failed: ", remedy],
    );

    let make = "mkdir -p /chaincode/output; head -c 2M /dev/urandom >/chaincode/output/chaincode";
    let body = json!({"Image": BUILDER, "Cmd": ["/bin/sh", "-c", make]});
    docker.create("build", &body).unwrap();
    let input = tar(&[("large", &TOO_MUCH[..])]).unwrap();
    let sentence = fails(chainpod, || docker.upload("build", "/chaincode/input", &input));
    says(
        &sentence,
        &[
            "cannot upload files to container build: the image store failed: ",
            remedy,
        ],
    );

    let input = tar(&[("small", b"package main".as_slice())]).unwrap();
    docker.upload("build", "/chaincode/input", &input).unwrap();
    docker.start("build").unwrap();
    let begun = Instant::now();
    assert_eq!(docker.wait("build").unwrap(), 0);
    assert!(begun.elapsed() < TOLD_LIMIT, "{:?}", begun.elapsed());
    let error = format!(
        "{:#}",
        docker.download("build", "/chaincode/output/.").unwrap_err()
    );
    says(
        &error,
        &[
            "Could not find the file /chaincode/output/. in container build: container build exited with code 0 in pod build-",
            "its outputs are lost: the image store failed: ",
            remedy,
            "start it again",
        ],
    );
    let state = &docker.inspect("build").unwrap()["State"];
    assert!(state["Error"].as_str().unwrap().contains(remedy), "{state}");
    docker.remove("build").unwrap();
    assert_eq!(chainpod.unfinished(), [""; 0]);
}

fn read_only(chainpod: &Chainpod, docker: &Docker) {
    let sentence = fails(chainpod, || docker.build("other", &context(b"")));
    says(
        &sentence,
        &[
            "image other cannot be built: the image store failed: ",
            "Read-only file system (os error 30)",
            "; give the store a volume that its user may write to",
        ],
    );
    docker
        .create("small", &json!({"Image": "small", "Cmd": ["sleep", "600"]}))
        .unwrap();
    docker.start("small").unwrap();
    docker.remove("small").unwrap();
}
