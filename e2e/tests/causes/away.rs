//! The namespace, the API server or the node is away.

use std::time::{Duration, Instant};

use chainpod_e2e::{Removed, await_so, lab, send_pods_to};
use lab::chainpod::Chainpod;
use lab::cluster::{Cluster, Runtime};
use lab::docker::{Docker, tar};
use lab::gate::Gate;
use lab::progress::Progress;
use serde_json::{Value, json};

/// What a namespace cannot end without, and what chainpod works with.
const HELD: [&str; 3] = ["serviceaccount/chainpod", "role/chainpod", "rolebinding/chainpod"];
/// Of the node that goes.
const NAMESPACE: &str = "causes-gone";
const SLEEP: [&str; 2] = ["sleep", "600"];
/// The default of Kubernetes for a kubelet that does not answer, and what it takes on top.
const NODE_LOST_LIMIT: Duration = Duration::from_secs(120);
/// Calls wait a minute for the API server.
const AWAY_LIMIT: Duration = Duration::from_secs(80);
/// What cannot work is told in this time.
const TOLD_LIMIT: Duration = Duration::from_secs(30);

fn build(docker: &Docker) {
    let context = tar(&[("Dockerfile", b"FROM hyperledger/fabric-baseos:2.5\n")]).unwrap();
    docker.build("own", &context).unwrap();
}

fn create(docker: &Docker, name: &str) -> anyhow::Result<()> {
    docker.create(name, &json!({"Image": "own", "Cmd": SLEEP}))
}

/// The sentence of a call that fails in that time.
fn fails<T>(limit: Duration, call: impl FnOnce() -> anyhow::Result<T>) -> String {
    let begun = Instant::now();
    let error = format!("{:#}", call().err().expect("it cannot work and did"));
    assert!(begun.elapsed() < limit, "{:?}: {error}", begun.elapsed());
    error
}

fn says(sentence: &str, parts: &[&str]) {
    for part in parts {
        assert!(sentence.contains(part), "{part:?} is not in {sentence:?}");
    }
}

/// A namespace goes with all in it, in any order: here what chainpod works with goes last.
#[test]
fn a_namespace_that_is_being_deleted_takes_nothing_new_and_says_so() {
    let (cluster, daemon) = lab(&Progress::new("terminating"));
    let chainpod = Chainpod::start(&cluster, &daemon, "causes-ending").unwrap();
    let docker = Docker::new(chainpod.docker());
    build(&docker);
    create(&docker, "before").unwrap();
    let record = chainpod.objects("configmaps", &[]).unwrap().remove(0);
    let held = [&HELD[..], &[record.as_str()]].concat();
    let hold = |finalizers: Value| {
        let patch = json!({"metadata": {"finalizers": finalizers}}).to_string();
        let patch = ["patch", "--type=merge", "-p", &patch];
        chainpod.kubectl(&[&patch[..], &held].concat()).map(drop)
    };
    hold(json!(["chainpod.test/hold"])).unwrap();
    let released = Removed(|| hold(json!(null)));
    cluster
        .kubectl(&["delete", "namespace", chainpod.namespace(), "--wait=false"])
        .unwrap();

    let ending = [
        "because it is being terminated",
        "let chainpod work in a namespace that stays",
    ];
    let error = fails(TOLD_LIMIT, || create(&docker, "after"));
    says(&error, &ending);
    says(&error, &["container after cannot be created: configmaps "]);
    let error = fails(TOLD_LIMIT, || docker.start("before"));
    says(&error, &ending);
    says(
        &error,
        &["container before cannot run: pod before-", " is refused: pods "],
    );
    let state = &docker.inspect("before").unwrap()["State"];
    says(state["Error"].as_str().unwrap(), &ending);
    assert_eq!(state["ExitCode"], 128);
    assert!(chainpod.log().contains("\"reason\":\"PodRefused\""));
    drop(released);
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn an_api_server_that_stays_away_is_named() {
    let (cluster, daemon) = lab(&Progress::new("away"));
    let gate = Gate::to(cluster.api()).unwrap();
    let chainpod = Chainpod::start_behind(&gate, &cluster, &daemon, "causes-away").unwrap();
    let docker = Docker::new(chainpod.docker());
    build(&docker);
    create(&docker, "there").unwrap();
    gate.shut();
    let away = [
        "the kubernetes api server cannot be reached: ",
        "see that it runs and that chainpod reaches it",
    ];
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let error = fails(AWAY_LIMIT, || create(&docker, "new"));
            says(&error, &away);
            says(&error, &["503", "container new cannot be created: "]);
        });
        let error = fails(AWAY_LIMIT, || docker.start("there"));
        says(&error, &away);
        says(&error, &["503", "container there cannot be started: "]);
    });
    assert!(chainpod.log().contains("container there cannot be started: "));
    gate.open();
    docker.start("there").unwrap();
    docker.remove("there").unwrap();
}

/// A node that does not answer is given Pods until Kubernetes notices; one that is deleted takes its Pods along.
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
    build(&docker);
    create(&docker, "lost").unwrap();
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

    create(&docker, "late").unwrap();
    let error = fails(TOLD_LIMIT, || docker.start("late"));
    says(
        &error,
        &[
            "container late cannot run: pod late-",
            &format!(" waits on its node: node {name} does not take it: no kubelet answers there; see that "),
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
            "container lost ended with 137 in pod lost-",
            "its node has gone: PodGC: node no longer exists",
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
