//! All of it as Pods: chainpod by its chart, Fabric's orderer and peers as
//! Deployments, which find `docker:2375`.

use std::thread;
use std::time::Duration;

use harness::{Installed, Removed, TestNetwork, await_so, fails, lab, says, send_pods_to};
use lab::cluster::{Cluster, Runtime};
use lab::network::{Fabric, NetworkOptions, Package};
use lab::progress::Progress;

/// The peers' Docker endpoint.
const ENDPOINT: &str = "tcp://docker:2375";
/// The time limit for a rollout, a launch or the garbage collector.
const SOON: Duration = Duration::from_secs(60);
/// The time limit for the collector of Pods without a node: it looks every 20 s, and needs two looks.
const NODE_LOST_LIMIT: Duration = Duration::from_secs(120);
/// Failures that cannot resolve are reported within this time.
const TOLD_LIMIT: Duration = Duration::from_secs(30);
/// The Pods that run.
const RUNNING: &str = "--field-selector=status.phase=Running";

struct World {
    // First: its Pods use the installation.
    network: TestNetwork,
    installed: Installed,
    progress: Progress,
}

impl World {
    /// Makes an installation in a namespace of that name, and a network next to it whose chaincode serves.
    fn new(name: &str, fabric: Fabric) -> Self {
        let progress = Progress::new(name);
        let (cluster, _) = lab(&progress);
        let installed = Installed::new(&cluster, name);
        let network = network(name, fabric, &progress);
        let package = Package::go_for(fabric, "kv_1", &progress).unwrap();
        network.deploy(&package).unwrap();
        network.invoke("kv", "put", &["colour", "blue"]).unwrap();
        Self {
            network,
            installed,
            progress,
        }
    }

    /// Asks the chaincode for what has been put into it.
    fn answers(&self) -> bool {
        self.network.answers()
    }

    /// The Pod in which the chaincode runs, as it says itself.
    fn host(&self) -> String {
        self.network.query("kv", "host", &[]).unwrap()
    }

    /// The Pods of chaincode that run.
    fn running(&self) -> Vec<String> {
        self.installed.made("pods", &[RUNNING])
    }

    fn rollout(&self, workload: &str) {
        for action in ["restart", "status"] {
            let _ = self.installed.kubectl(&["rollout", action, workload]);
        }
    }
}

fn network(namespace: &str, fabric: Fabric, progress: &Progress) -> TestNetwork {
    let options = NetworkOptions::new(namespace, ENDPOINT)
        .fabric(fabric)
        .in_cluster(namespace);
    TestNetwork::of(&options, progress)
}

#[test]
fn a_2_5_peer_and_its_chaincode_live_through_rollouts_and_go_together() {
    let world = World::new("incluster", Fabric::V2_5);
    chainpod_is_rolled_out_while_a_peer_builds_and_chaincode_serves(&world);
    chaincode_comes_back_after_its_pod_was_deleted(&world);
    a_peers_chaincode_is_launched_again_and_not_twice(&world);
    a_full_quota_is_told_and_passes(&world);
    chaincode_goes_with_its_peer(&world);
}

fn chainpod_is_rolled_out_while_a_peer_builds_and_chaincode_serves(world: &World) {
    let package = Package::go("kv_2", &world.progress).unwrap();
    let before = world.host();
    thread::scope(|scope| {
        let install = scope.spawn(|| world.network.install(&package));
        let building = "--selector=chainpod.dev/role=build";
        await_so("the build's pod", SOON, || {
            !world
                .installed
                .kubectl(&["get", "pods", building, RUNNING, "--output=name"])
                .is_empty()
        });
        let rollout = scope.spawn(|| world.rollout("statefulset/chainpod"));
        while !rollout.is_finished() {
            assert!(
                world.answers(),
                "a transaction failed while chainpod was rolled out"
            );
        }
        rollout.join().unwrap();
        install.join().unwrap().unwrap();
    });
    assert_eq!(world.host(), before, "the chaincode did not go on");
    // The new process builds and launches.
    world.network.approve(&package).unwrap();
    world.network.commit(&package).unwrap();
    assert!(world.answers());
}

fn chaincode_comes_back_after_its_pod_was_deleted(world: &World) {
    let delete = |pod: &str| drop(world.installed.kubectl(&["delete", "pod", pod]));
    world.network.comes_back_after(delete);
}

fn a_peers_chaincode_is_launched_again_and_not_twice(world: &World) {
    let peer = world.network.workload();
    let selector = format!("--selector=app={peer}");
    let deletions: [&dyn Fn(); 2] = [
        &|| drop(world.installed.kubectl(&["delete", "pod", &selector])),
        &|| world.rollout(&format!("deployment/{peer}")),
    ];
    for delete in deletions {
        world.network.comes_back_after(|_| delete());
        await_so("one pod of chaincode", SOON, || world.running().len() == 1);
    }
}

fn a_full_quota_is_told_and_passes(world: &World) {
    let _ = world
        .installed
        .kubectl(&["create", "quota", "full", "--hard=pods=3"]);
    world.network.query("kv", "crash", &["7"]).unwrap_err();
    // A Pod that has ended does not count, once that is seen.
    await_so("the crash", SOON, || world.running().is_empty());
    let error = fails(TOLD_LIMIT, || world.network.query("kv", "host", &[]));
    says(
        &error,
        &[
            "chaincode kv_2 of ",
            "exceeded quota: full",
            "raise the namespace's quota",
        ],
    );
    let _ = world.installed.kubectl(&["delete", "quota", "full"]);
    await_so("the next transaction", SOON, || world.answers());
}

fn chaincode_goes_with_its_peer(world: &World) {
    let peer = world.network.workload();
    let owner = "--output=jsonpath={.items[*].metadata.ownerReferences[*].name}";
    let owners = world.installed.kubectl(&[
        "get",
        "configmaps",
        "--selector=chainpod.dev/role=chaincode",
        owner,
    ]);
    assert!(owners.split(' ').all(|owner| owner == peer), "{owners:?}");
    let events = format!("--field-selector=involvedObject.name={peer},reason=Started");
    assert!(
        !world
            .installed
            .kubectl(&["get", "events", &events, "--output=name"])
            .is_empty()
    );
    let _ = world.installed.kubectl(&["delete", "deployment", &peer]);
    await_so("nothing of it", SOON, || {
        world.installed.made("pods,configmaps", &[]).is_empty()
    });
}

/// Names are the same in both, but for the network's.
#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn a_1_4_peer_has_its_own_beside_another_release() {
    let world = World::new("incluster14", Fabric::V1_4);
    let cluster = Cluster::running().unwrap();
    let other = Installed::new(&cluster, "inclusterother");
    let is_seen = |installed: &Installed| {
        let list = installed.docker().get("/containers/json?all=1").unwrap();
        list.as_array().unwrap().len()
    };
    assert_eq!((is_seen(&world.installed), is_seen(&other)), (1, 0));
    chaincode_comes_back_after_its_pod_was_deleted(&world);
    let package = Package::go_for(Fabric::V1_4, "kv_2", &world.progress).unwrap();
    world.network.deploy(&package).unwrap();
    assert!(world.answers());
    // 1.4 launches at the next transaction.
    world.rollout(&format!("deployment/{}", world.network.workload()));
    await_so("the peer's chaincode", SOON, || world.answers());
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn chaincode_comes_back_elsewhere_from_a_node_that_is_drained_or_lost() {
    let cluster = Cluster::running().unwrap();
    let node = cluster
        .add_node(Runtime::Containerd2, &Progress::new("drained"))
        .unwrap();
    let name = node.name();
    let _removed = Removed(|| cluster.remove_node(&node));
    let _policy = send_pods_to(&cluster, "drained", &name);
    let world = World::new("drained", Fabric::V2_5);
    moves_to(&world, &cluster, &name);
    let drain = [
        "drain",
        &name,
        "--delete-emptydir-data",
        "--ignore-daemonsets",
        "--timeout=60s",
    ];
    cluster.kubectl(&drain).unwrap();
    await_so("the next transaction", SOON, || world.answers());
    assert_ne!(node_of(&world), name);

    cluster.kubectl(&["uncordon", &name]).unwrap();
    moves_to(&world, &cluster, &name);
    cluster.switch_off(&node).unwrap();
    cluster.kubectl(&["delete", "node", &name]).unwrap();
    let why = "--output=jsonpath={.items[*].data.state}";
    let chaincode = "--selector=chainpod.dev/role=chaincode";
    await_so("the reason on the record", NODE_LOST_LIMIT, || {
        world
            .installed
            .kubectl(&["get", "configmaps", chaincode, why])
            .contains("its node is gone")
    });
    await_so("the next transaction", SOON, || world.answers());
    assert_ne!(node_of(&world), name);
}

/// Gets the chaincode to that node. Pods that start later go elsewhere.
fn moves_to(world: &World, cluster: &Cluster, node: &str) {
    let label = ["label", "namespace", world.installed.namespace()];
    cluster
        .kubectl(&[&label[..], &[&format!("chainpod-lab-node={node}")]].concat())
        .unwrap();
    await_so("a pod on that node", SOON, || {
        let _ = world.installed.kubectl(&["delete", "pod", &world.host()]);
        await_so("the next transaction", SOON, || world.answers());
        node_of(world) == node
    });
    cluster
        .kubectl(&[&label[..], &["chainpod-lab-node-"]].concat())
        .unwrap();
}

fn node_of(world: &World) -> String {
    world
        .installed
        .kubectl(&["get", "pod", &world.host(), "--output=jsonpath={.spec.nodeName}"])
}
