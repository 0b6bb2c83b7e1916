//! The namespace or the API server is away.

use std::time::Duration;

use harness::chainpod::Chainpod;
use harness::{Removed, fails, lab, says};
use lab::docker::{Docker, tar};
use lab::gate::Gate;
use lab::progress::Progress;
use serde_json::{Value, json};

/// The objects that chainpod needs. The test gives them finalizers, so that a deleted namespace keeps them
/// until the end.
const HELD: [&str; 3] = ["serviceaccount/chainpod", "role/chainpod", "rolebinding/chainpod"];
const SLEEP: [&str; 2] = ["sleep", "600"];
/// Calls wait a minute for the API server.
const AWAY_LIMIT: Duration = Duration::from_secs(80);
/// Failures that cannot resolve are reported within this time.
const TOLD_LIMIT: Duration = Duration::from_secs(30);

fn build(docker: &Docker) {
    let context = tar(&[("Dockerfile", b"FROM hyperledger/fabric-baseos:2.5\n")]).unwrap();
    docker.build("own", &context).unwrap();
}

fn create(docker: &Docker, name: &str) -> anyhow::Result<()> {
    docker
        .create(name, &json!({"Image": "own", "Cmd": SLEEP}))
        .map(drop)
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
        "set chainpod's namespace to one that is not being deleted",
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
        "check that it runs and that chainpod can reach it",
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
