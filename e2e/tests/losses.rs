//! Losses of other parts than chainpod itself: an agent, the image store, or the sole use of a network's name.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use harness::chainpod::Chainpod;
use harness::{TestNetwork, lab, run_own};
use lab::cluster::Cluster;
use lab::docker::Docker;
use lab::network::{Fabric, NetworkOptions, Package};
use lab::progress::Progress;
use serde_json::Value;

/// The kubelet looks once a second.
const SEEN_LIMIT: Duration = Duration::from_secs(5);

fn start(name: &str, progress: &Progress) -> (Cluster, Chainpod) {
    let (cluster, daemon) = lab(progress);
    let chainpod = Chainpod::start(&cluster, &daemon, name).unwrap();
    (cluster, chainpod)
}

fn get(cluster: &Cluster, chainpod: &Chainpod, kind: &str) -> Vec<Value> {
    let ours = ["-l", "app.kubernetes.io/managed-by=chainpod", "-o", "json"];
    let get = ["--namespace", chainpod.namespace(), "get", kind];
    let list: Value = serde_json::from_str(&cluster.kubectl(&[&get[..], &ours].concat()).unwrap()).unwrap();
    list["items"].as_array().unwrap().clone()
}

/// The agent of a Pod, as this machine knows it.
fn agent_of(pod: &Value) -> u32 {
    let uid = pod["metadata"]["uid"].as_str().unwrap();
    let read = |process: &PathBuf, file: &str| fs::read_to_string(process.join(file)).unwrap_or_default();
    let mut processes = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    let agent = processes.find(|process| {
        read(process, "cmdline").starts_with("/.chainpod/chainpod-agent")
            && read(process, "cgroup").contains(uid)
    });
    let agent = agent.expect("no agent runs");
    agent.file_name().unwrap().to_str().unwrap().parse().unwrap()
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn a_killed_agent_is_an_exit_that_the_kubelet_tells() {
    let (cluster, chainpod) = start("lostagent", &Progress::new("lost"));
    let docker = Docker::new(chainpod.docker());
    run_own(&docker, "exec sleep 600");
    let agent = agent_of(&get(&cluster, &chainpod, "pods")[0]);
    let (code, took) = thread::scope(|scope| {
        let wait = scope.spawn(|| docker.wait("own").unwrap());
        thread::sleep(Duration::from_secs(1));
        assert!(!wait.is_finished());
        let killed = Instant::now();
        let status = Command::new("kill").args(["-9", &agent.to_string()]).status();
        assert!(status.unwrap().success());
        (wait.join().unwrap(), killed.elapsed())
    });
    assert_eq!(code, 137);
    assert!(took < SEEN_LIMIT, "{took:?}");
    let record = &get(&cluster, &chainpod, "configmaps")[0]["data"]["container.json"];
    let record: Value = serde_json::from_str(record.as_str().unwrap()).unwrap();
    let error = record["exit"]["error"].as_str().unwrap();
    assert!(error.contains("agent in it ended without a report"), "{error}");
    docker.remove("own").unwrap();
}

#[test]
fn what_a_program_wrote_last_outlives_its_deleted_pod() {
    let (_, chainpod) = start("lostpod", &Progress::new("lost"));
    let docker = Docker::new(chainpod.docker());
    run_own(&docker, "echo the last line; exec sleep 600");
    let [pod] = &chainpod.objects("pods", &[]).unwrap()[..] else {
        panic!("one container, one pod: {}", chainpod.log());
    };
    chainpod.kubectl(&["delete", pod]).unwrap();
    assert_eq!(chainpod.objects("pods", &[]).unwrap(), [""; 0]);
    assert_eq!(docker.wait("own").unwrap(), 143);
    assert_eq!(docker.logs("own").unwrap(), "the last line\n");
    docker.remove("own").unwrap();
}

#[test]
fn a_pod_that_disappears_while_chainpod_does_not_run_is_an_exit_when_it_runs_again() {
    let (_, mut chainpod) = start("vanished", &Progress::new("lost"));
    let docker = Docker::new(chainpod.docker());
    run_own(&docker, "exec sleep 600");
    chainpod.kill().unwrap();
    for pod in chainpod.objects("pods", &[]).unwrap() {
        chainpod.kubectl(&["delete", &pod, "--grace-period=1"]).unwrap();
    }
    chainpod.start_again().unwrap();
    let docker = Docker::new(chainpod.docker());
    let again = Instant::now();
    assert_eq!(docker.wait("own").unwrap(), 137);
    assert!(again.elapsed() < SEEN_LIMIT, "{:?}", again.elapsed());
    let state = &docker.inspect("own").unwrap()["State"];
    let error = state["Error"].as_str().unwrap();
    assert!(
        error.contains("it disappeared while chainpod was not watching"),
        "{error}"
    );
    docker.remove("own").unwrap();
}

fn empty_the_store(chainpod: &mut Chainpod) {
    chainpod.kill().unwrap();
    fs::remove_dir_all(chainpod.store()).unwrap();
    chainpod.start_again().unwrap();
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn a_1_4_peer_rebuilds_what_the_store_has_lost() {
    let progress = Progress::new("lost");
    let (_, mut chainpod) = start("loststore14", &progress);
    let options = NetworkOptions::new("loststore14", &chainpod.endpoint()).fabric(Fabric::V1_4);
    let network = TestNetwork::of(&options, &progress);
    network
        .deploy(&Package::go_for(Fabric::V1_4, "kv_1", &progress).unwrap())
        .unwrap();
    network.invoke("kv", "put", &["colour", "blue"]).unwrap();
    empty_the_store(&mut chainpod);
    network.query("kv", "crash", &["7"]).unwrap_err();
    assert_eq!(network.query("kv", "get", &["colour"]).unwrap(), "blue");
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn a_2_5_peer_says_what_the_store_has_lost_and_rebuilds_when_it_starts_again() {
    let progress = Progress::new("lost");
    let (_, mut chainpod) = start("loststore25", &progress);
    let network = TestNetwork::up("loststore25", &chainpod.endpoint(), &progress);
    network.deploy(&Package::go("kv_1", &progress).unwrap()).unwrap();
    network.invoke("kv", "put", &["colour", "blue"]).unwrap();
    empty_the_store(&mut chainpod);
    network.query("kv", "crash", &["7"]).unwrap_err();
    let error = network.query("kv", "get", &["colour"]).unwrap_err();
    // The peer's client has words of its own for Docker's.
    assert!(format!("{error:#}").contains("no such image"), "{error:#}");
    assert!(chainpod.log().contains("restart the peer"), "{}", chainpod.log());
    network.stop_peer().unwrap();
    network.start_peer().unwrap();
    assert_eq!(network.query("kv", "get", &["colour"]).unwrap(), "blue");
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn two_networks_of_one_name_do_not_touch_each_other() {
    let progress = Progress::new("lost");
    let (cluster, one) = start("samenames", &progress);
    let other = one.beside("other").unwrap();
    let package = Package::go("kv_1", &progress).unwrap();
    let networks = [("samenames1", &one), ("samenames2", &other)].map(|(name, chainpod)| {
        let options = NetworkOptions::new(name, &chainpod.endpoint());
        let options = options
            .env("CORE_PEER_NETWORKID", "dev")
            .env("CORE_PEER_ID", "peer0");
        let network = TestNetwork::of(&options, &progress);
        network.deploy(&package).unwrap();
        network.invoke("kv", "put", &["network", name]).unwrap();
        network
    });
    let hosts = || {
        networks
            .each_ref()
            .map(|network| network.query("kv", "host", &[]).unwrap())
    };
    let before = hosts();
    assert_ne!(before[0], before[1]);
    networks[0].query("kv", "crash", &["7"]).unwrap_err();
    assert_eq!(
        networks[0].query("kv", "get", &["network"]).unwrap(),
        "samenames1"
    );
    let after = hosts();
    assert!(
        after[0] != before[0] && after[1] == before[1],
        "{before:?} {after:?}"
    );
    assert_eq!(
        networks[1].query("kv", "get", &["network"]).unwrap(),
        "samenames2"
    );
    let names = get(&cluster, &one, "configmaps").into_iter().map(|record| {
        let record: Value = serde_json::from_str(record["data"]["container.json"].as_str().unwrap()).unwrap();
        record["name"].as_str().unwrap().to_owned()
    });
    let names: Vec<_> = names.collect();
    assert!(names.len() == 2 && names[0] == names[1], "{names:?}");
}
