//! A node goes without a word: what ran there has an end with that reason, and what is sent
//! there meanwhile is given up in time.

use std::time::{Duration, Instant};

use harness::chainpod::Chainpod;
use harness::{Removed, await_so, fails, lab, says, send_pods_to};
use lab::cluster::{Cluster, Runtime};
use lab::docker::{Docker, tar};
use lab::progress::Progress;
use serde_json::json;

const NAMESPACE: &str = "gone";
/// The time limit for the collector of Pods without a node: it looks every 20 s, and needs two looks.
const NODE_LOST_LIMIT: Duration = Duration::from_secs(120);
/// Failures that cannot resolve are reported within this time.
const TOLD_LIMIT: Duration = Duration::from_secs(30);

fn create(docker: &Docker, name: &str) {
    docker
        .create(name, &json!({"Image": "own", "Cmd": ["sleep", "600"]}))
        .unwrap();
}

/// A node that does not answer gets Pods until Kubernetes notices. A deleted node takes its Pods along.
#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn a_node_that_has_gone_ends_what_ran_there_and_begins_nothing() {
    let progress = Progress::new("gone");
    let cluster = Cluster::running().unwrap();
    let node = cluster.add_node(Runtime::Containerd2, &progress).unwrap();
    let name = node.name();
    let _removed = Removed(|| cluster.remove_node(&node));
    let _policy = send_pods_to(&cluster, NAMESPACE, &name);
    // Now, so that its image gets to all nodes.
    let (_, daemon) = lab(&progress);
    let chainpod = Chainpod::start(&cluster, &daemon, NAMESPACE).unwrap();
    let docker = Docker::new(chainpod.docker());
    let label = ["label", "namespace", NAMESPACE];
    cluster
        .kubectl(&[&label[..], &[&format!("chainpod-lab-node={name}")]].concat())
        .unwrap();
    let context = tar(&[("Dockerfile", b"FROM hyperledger/fabric-baseos:2.5\n")]).unwrap();
    docker.build("own", &context).unwrap();
    create(&docker, "lost");
    // Policies count a moment after they are made.
    let there = format!("--field-selector=spec.nodeName={name}");
    await_so("a pod on that node", TOLD_LIMIT, || {
        docker.start("lost").unwrap();
        let is_there = !chainpod.objects("pods", &[&there]).unwrap().is_empty();
        if !is_there {
            docker.stop("lost").unwrap();
        }
        is_there
    });
    cluster.switch_off(&node).unwrap();

    create(&docker, "late");
    let error = fails(TOLD_LIMIT, || docker.start("late"));
    says(
        &error,
        &[
            "container late cannot run: its node has not started pod late-",
            &format!(": the kubelet of node {name} does not answer; check that "),
        ],
    );
    cluster
        .kubectl(&[&label[..], &["chainpod-lab-node-"]].concat())
        .unwrap();

    let begun = Instant::now();
    cluster.kubectl(&["delete", "node", &name]).unwrap();
    assert_eq!(docker.wait("lost").unwrap(), 137);
    assert!(begun.elapsed() < NODE_LOST_LIMIT, "{:?}", begun.elapsed());
    let state = &docker.inspect("lost").unwrap()["State"];
    let error = state["Error"].as_str().unwrap();
    says(
        error,
        &[
            "container lost exited with code 137 in pod lost-",
            "its node is gone: PodGC: node no longer exists",
            "start it again",
        ],
    );
    let events = ["get", "events", "-o", "jsonpath={.items[*].reason}"];
    await_so("the Event", TOLD_LIMIT, || {
        chainpod.kubectl(&events).unwrap().contains("NodeLost")
    });
    assert!(chainpod.log().contains("\"reason\":\"NodeLost\""));
    docker.start("lost").unwrap();
    docker.remove("lost").unwrap();
}
