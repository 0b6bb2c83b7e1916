//! chainpod is upgraded from an earlier commit: the chaincode that was started there, with that commit's agent
//! in its Pod, is served on.

use std::thread;
use std::time::{Duration, Instant};

use harness::chainpod::{self, Chainpod};
use harness::{TestNetwork, await_so, lab};
use lab::docker::{Docker, tar};
use lab::network::Package;
use lab::progress::Progress;
use serde_json::{Value, json};

/// The chainpod of 2026-11-25: another version of the agents' protocol, of the tokens and of the records.
const EARLIER: &str = "6f91833f519806a0aceec5dcf56ae5d555bd2cca";
/// The time limit for agents to come back to a new process.
const RETURN_LIMIT: Duration = Duration::from_secs(5);
/// The time limit for a stop: the agent hears of it on its connection.
const STOP_LIMIT: Duration = Duration::from_millis(100);
/// The time limit for a launch.
const LAUNCH_LIMIT: Duration = Duration::from_secs(60);
/// The time limit for an exit to be known.
const EXIT_LIMIT: Duration = Duration::from_secs(5);

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn chaincode_of_an_earlier_chainpod_is_served_on() {
    let progress = Progress::new("upgrade");
    let (cluster, daemon) = lab(&progress);
    let earlier = chainpod::earlier(&cluster, EARLIER, &progress).unwrap();
    let image = format!("--agent-image={}", earlier.image);
    let mut chainpod = Chainpod::start_with(&cluster, &earlier.daemon, "upgrade", &[image]).unwrap();
    let network = TestNetwork::up("upgrade", &chainpod.endpoint(), &progress);
    network.deploy(&Package::go("kv_1", &progress).unwrap()).unwrap();
    network.invoke("kv", "put", &["colour", "blue"]).unwrap();
    let docker = Docker::new(chainpod.docker());
    for name in ["stopped", "removed"] {
        sleeps(&docker, name);
    }
    let host = network.query("kv", "host", &[]).unwrap();

    chainpod.upgrade(&daemon).unwrap();

    assert_eq!(network.query("kv", "host", &[]).unwrap(), host);
    thread::sleep(RETURN_LIMIT);
    let begun = Instant::now();
    docker.stop("stopped").unwrap();
    let took = begun.elapsed();
    assert!(took < STOP_LIMIT, "a stop took {took:?}");
    assert_eq!(state(&docker, "stopped")["ExitCode"], 143);
    docker.remove("stopped").unwrap();
    docker.remove("removed").unwrap();
    network.query("kv", "crash", &["7"]).unwrap_err();
    let name = chaincode(&docker);
    await_so("its exit is known", EXIT_LIMIT, || {
        state(&docker, &name)["Status"] == "exited"
    });
    assert_eq!(state(&docker, &name)["ExitCode"], 7);
    // It is launched again, with the agent of this checkout.
    await_so("the next transaction", LAUNCH_LIMIT, || network.answers());
    assert_ne!(network.query("kv", "host", &[]).unwrap(), host);
}

/// Starts a container that has the agent, with a file that was built and one that was uploaded.
fn sleeps(docker: &Docker, name: &str) {
    let dockerfile = b"FROM hyperledger/fabric-baseos:2.5\nCOPY own.conf /usr/local/src/\n";
    let context = tar(&[("Dockerfile", dockerfile), ("own.conf", b"built")]).unwrap();
    docker.build("own", &context).unwrap();
    let script =
        "grep -q built /usr/local/src/own.conf && grep -q uploaded /etc/own/tls.key && exec sleep 600";
    let body = json!({"Image": "own", "Cmd": ["/bin/sh", "-c", script]});
    docker.create(name, &body).unwrap();
    docker
        .upload(name, "/", &tar(&[("etc/own/tls.key", b"uploaded")]).unwrap())
        .unwrap();
    docker.start(name).unwrap();
    assert_eq!(state(docker, name)["Status"], "running");
}

fn state(docker: &Docker, name: &str) -> Value {
    docker.inspect(name).unwrap()["State"].clone()
}

/// Returns the name of the chaincode's container.
fn chaincode(docker: &Docker) -> String {
    let containers = docker.get("/containers/json?all=1").unwrap();
    let names = containers.as_array().unwrap().iter();
    let mut names = names.map(|container| container["Names"][0].as_str().unwrap().trim_start_matches('/'));
    names.find(|name| name.contains("-kv_1-")).unwrap().to_owned()
}
