//! From a Docker daemon to chainpod and back, as docs/migrate-from-dind.md tells it: a
//! peer that is pointed elsewhere has its chaincode again after its restart.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use harness::chainpod::Chainpod;
use harness::{Page, Shell, TestNetwork, await_so, lab};
use lab::cluster::{Dockerd, Namespace};
use lab::docker::Docker;
use lab::network::{Fabric, Network, NetworkOptions, Package};
use lab::progress::Progress;

/// The lab's Docker daemon has no network of its own.
const HOST_NETWORK: [&str; 2] = ["CORE_VM_DOCKER_HOSTCONFIG_NETWORKMODE", "host"];
/// The time limit for a peer to build its chaincode again and to launch it.
const BUILD_LIMIT: Duration = Duration::from_secs(180);
/// The time limit for chaincode to end after its peer.
const END_LIMIT: Duration = Duration::from_secs(30);

/// The Service and the Deployment of peers that were set up for Docker-in-Docker. The Pod here runs no Docker
/// daemon.
const DIND: &str = "
apiVersion: v1
kind: Service
metadata: {name: docker, namespace: fabric}
spec:
  selector: {name: docker}
  ports: [{protocol: TCP, targetPort: 2375, port: 2375}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: docker-dind, namespace: fabric}
spec:
  selector: {matchLabels: {name: docker}}
  template:
    metadata: {labels: {name: docker}}
    spec:
      containers: [{name: docker, image: 'docker.io/library/busybox:1.35', command: [httpd, -f, -p, '2375']}]
";

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn the_service_leads_where_the_page_says() {
    let (cluster, _) = lab(&Progress::new("migrate"));
    let namespace = Namespace::create(&cluster, "fabric", "privileged").unwrap();
    cluster.apply(DIND).unwrap();
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = Page::read(&checkout.join("docs/migrate-from-dind.md"));
    let shell = Shell::new(&namespace, &checkout);
    let ip = namespace.kubectl(&["get", "service", "docker", "--output=jsonpath={.spec.clusterIP}"]);
    let address = SocketAddr::new(ip.unwrap().parse().unwrap(), 2375);
    // True if chainpod is there after each block: next to Docker-in-Docker, selector, away, the chart's,
    // back.
    let is_chainpod = [false, true, true, true, false];
    assert_eq!(page.blocks().count(), is_chainpod.len());
    for (commands, is_chainpod) in page.blocks().zip(is_chainpod) {
        shell.run(commands).unwrap();
        await_so(commands, END_LIMIT, || {
            // A connection that is open stays where it is: so each look has one of its own.
            let is_up = Docker::new(address).is_up();
            [is_up, is_stand_in(&Docker::new(address))] == [is_chainpod, !is_chainpod]
        });
    }
}

/// Returns true if [`DIND`] answers. It has no page, so it answers 404.
fn is_stand_in(docker: &Docker) -> bool {
    let answer = docker.get("/_ping");
    answer.is_err_and(|error| format!("{error:#}").contains("404"))
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn a_peers_chaincode_moves_to_chainpod_and_back_without_another_installation() {
    let progress = Progress::new("migrate");
    let (cluster, daemon) = lab(&progress);
    let dockerd = Dockerd::start(&cluster, &progress).unwrap();
    for (fabric, name) in [(Fabric::V2_5, "dind25"), (Fabric::V1_4, "dind14")] {
        let chainpod = Chainpod::start(&cluster, &daemon, name).unwrap();
        let [variable, value] = HOST_NETWORK;
        let options = NetworkOptions::new(name, &dockerd.endpoint()).fabric(fabric);
        let at_dockerd = TestNetwork::of(&options.env(variable, value), &progress);
        let at_chainpod = at_dockerd.at_docker_endpoint(&chainpod.endpoint());
        let package = Package::go_for(fabric, "kv_1", &progress).unwrap();
        at_dockerd.deploy(&package).unwrap();
        at_dockerd.invoke("kv", "put", &["colour", "blue"]).unwrap();
        let [docker, pods] = [dockerd.api(), chainpod.api().unwrap()];
        assert_eq!([running(&docker), running(&pods)], [1, 0], "{fabric}");

        moves(&at_dockerd, &at_chainpod);
        await_so("the end of the old container", END_LIMIT, || {
            [running(&docker), running(&pods)] == [0, 1]
        });
        at_chainpod.invoke("kv", "put", &["colour", "green"]).unwrap();

        moves(&at_chainpod, &at_dockerd);
        await_so("the end of the pod", END_LIMIT, || {
            [running(&docker), running(&pods)] == [1, 0]
        });
        assert_eq!(at_dockerd.query("kv", "get", &["colour"]).unwrap(), "green");
    }
}

/// Restarts the peer elsewhere, and waits until its chaincode serves.
fn moves(from: &Network, to: &Network) {
    from.stop_peer().unwrap();
    to.start_peer().unwrap();
    await_so("the chaincode", BUILD_LIMIT, || {
        to.query("kv", "get", &["colour"]).is_ok()
    });
}

/// Returns the number of running containers.
fn running(docker: &Docker) -> usize {
    let list = docker.get("/containers/json").unwrap();
    list.as_array().unwrap().len()
}
