//! Failures give their cause to the user of the peer's command line, in time and with nothing left behind.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use harness::chainpod::Chainpod;
use harness::webhook::Webhook;
use harness::{TestNetwork, await_so, fails, files, lab, says};
use lab::cluster::Cluster;
use lab::network::{Fabric, Network, NetworkOptions, Package, vendored};
use lab::progress::Progress;

/// Before the peer's own 300 s by far.
const CALL_LIMIT: Duration = Duration::from_secs(30);
/// The time limit for a compiler to find its first error.
const COMPILE_LIMIT: Duration = Duration::from_secs(120);
/// The time limit for changes in progress.
const SOON: Duration = Duration::from_secs(30);
/// The time limit for gossip: a peer asks for missing data once a minute
/// (`peer.gossip.pvtData.reconcileSleepInterval`).
const GOSSIP_LIMIT: Duration = Duration::from_secs(90);
/// The default of `unschedulable-limit`.
const UNSCHEDULABLE_LIMIT: Duration = Duration::from_secs(60);
/// Memory for chaincode that does not waste it.
const MEMORY_MIB: u32 = 128;
/// All kinds that chainpod makes and nobody's time limit removes.
const KINDS: &str = "pods,configmaps,secrets";

fn serve(name: &str, progress: &Progress) -> Chainpod {
    let (cluster, daemon) = lab(progress);
    Chainpod::start(&cluster, &daemon, name).unwrap()
}

/// A network of one 2.5 peer with these variables.
fn network(name: &str, chainpod: &Chainpod, env: &[(&str, &str)], progress: &Progress) -> TestNetwork {
    let options = NetworkOptions::new(name, &chainpod.endpoint());
    let options = env
        .iter()
        .fold(options, |options, (name, value)| options.env(name, value));
    TestNetwork::of(&options, progress)
}

/// The lab's chaincode with one more file.
fn chaincode_with(file: &str, source: &str, label: &str, progress: &Progress) -> Package {
    let folder = tempfile::tempdir().unwrap();
    let sources = folder.path().join("kv");
    let mut copy = Command::new("cp");
    copy.arg("-r").args([&vendored().unwrap(), &sources]);
    assert!(copy.status().unwrap().success());
    fs::write(sources.join(file), source).unwrap();
    Package::of(Fabric::default(), &sources, label, progress).unwrap()
}

fn await_empty(chainpod: &Chainpod) {
    await_so("nothing is left", SOON, || {
        chainpod.objects(KINDS, &[]).unwrap().is_empty()
    });
}

/// The reasons and messages of the Events on chainpod's records.
fn told(chainpod: &Chainpod) -> String {
    let path = "jsonpath={range .items[*]}{.reason}: {.message}{\"\\n\"}{end}";
    let selector = "--field-selector=involvedObject.kind=ConfigMap";
    chainpod
        .kubectl(&["get", "events", selector, "-o", path])
        .unwrap()
}

#[test]
fn chaincode_that_does_not_compile_or_exits_at_once_says_so() {
    let progress = Progress::new("failures");
    let chainpod = serve("failures", &progress);
    let network = network("failures", &chainpod, &[], &progress);
    does_not_compile(&chainpod, &network, &progress);
    exits_at_once(&chainpod, &network, &progress);
}

fn does_not_compile(chainpod: &Chainpod, network: &Network, progress: &Progress) {
    let source = "package main\n\nvar broken int = \"no number\"\n";
    let package = chaincode_with("broken.go", source, "broken_1", progress);
    let error = fails(COMPILE_LIMIT, || network.install(&package));
    says(&error, &["./broken.go:3:18: cannot use \"no number\""]);
    await_empty(chainpod);
    await_so("the store is empty", SOON, || {
        let blobs = files(&chainpod.store().join("blobs/sha256"));
        blobs.is_empty() && chainpod.unfinished().is_empty()
    });
}

fn exits_at_once(chainpod: &Chainpod, network: &Network, progress: &Progress) {
    let source = "package main\n\nimport (\n\t\"fmt\"\n\t\"os\"\n)\n\n\
                  func init() {\n\tfmt.Println(\"config missing: DB_URL\")\n\tos.Exit(3)\n}\n";
    let package = chaincode_with("early.go", source, "early_1", progress);
    network.deploy(&package).unwrap();
    let error = fails(CALL_LIMIT, || network.query("early", "get", &["colour"]));
    assert!(
        error.contains("chaincode early_1 of ")
            && error.contains(" exited with code 3 right after its start in pod ")
            && error.contains("its last lines: config missing: DB_URL"),
        "{error}\n{}",
        chainpod.log()
    );
    let told = told(chainpod);
    assert!(told.contains("DiedAtOnce: chaincode early_1 of "), "{told}");
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn a_build_image_that_cannot_be_pulled_fails_the_install() {
    let progress = Progress::new("noccenv");
    let chainpod = serve("noccenv", &progress);
    let builder = [("CORE_CHAINCODE_BUILDER", "hyperledger/fabric-ccenv:9.9")];
    let network = network("noccenv", &chainpod, &builder, &progress);
    let package = Package::go("kv_1", &progress).unwrap();
    let error = fails(CALL_LIMIT, || network.install(&package));
    assert!(
        error.contains("build of chaincode kv_1 of peer0.")
            && error.contains("cannot pull image hyperledger/fabric-ccenv:9.9"),
        "{error}"
    );
    await_empty(&chainpod);
    assert!(told(&chainpod).contains("ImagePullFailed: build of chaincode kv_1 of "));
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn a_base_image_that_cannot_be_pulled_fails_the_transaction() {
    let progress = Progress::new("nobaseos");
    let chainpod = serve("nobaseos", &progress);
    let runtime = [("CORE_CHAINCODE_GOLANG_RUNTIME", "hyperledger/fabric-baseos:9.9")];
    let network = network("nobaseos", &chainpod, &runtime, &progress);
    network.deploy(&Package::go("kv_1", &progress).unwrap()).unwrap();
    let error = fails(CALL_LIMIT, || network.query("kv", "get", &["colour"]));
    assert!(
        error.contains("cannot pull image hyperledger/fabric-baseos:9.9")
            && !error.contains("timeout expired"),
        "{error}"
    );
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn a_peer_address_that_no_pod_can_reach_is_named_with_the_remedy() {
    let progress = Progress::new("loopback");
    let chainpod = serve("loopback", &progress);
    let own = [("CORE_PEER_CHAINCODEADDRESS", "127.0.0.1:7052")];
    let network = network("loopback", &chainpod, &own, &progress);
    network.deploy(&Package::go("kv_1", &progress).unwrap()).unwrap();
    let error = fails(CALL_LIMIT, || network.query("kv", "get", &["colour"]));
    assert!(
        error.contains("cannot reach its peer at 127.0.0.1:7052")
            && error.contains("set CORE_PEER_CHAINCODEADDRESS of the peer"),
        "{error}"
    );
    assert_eq!(chainpod.objects("pods", &[]).unwrap(), [""; 0]);
}

/// The peers' `core.yaml` says how much memory chaincode may have.
#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn two_peers_install_the_same_package_at_once_and_their_memory_limit_is_on_the_pods() {
    let progress = Progress::new("twopeers");
    let chainpod = serve("twopeers", &progress);
    let options = NetworkOptions::new("twopeers", &chainpod.endpoint())
        .peers(2)
        .env("CORE_VM_DOCKER_HOSTCONFIG_MEMORY", "134217728");
    let network = TestNetwork::of(&options, &progress);
    let peers: Vec<_> = network.peers().collect();
    let package = Package::go("kv_1", &progress).unwrap();
    thread::scope(|scope| {
        for peer in &peers {
            scope.spawn(|| peer.install(&package).unwrap());
        }
    });
    network.approve(&package).unwrap();
    network.commit(&package).unwrap();
    await_so(
        "the other peer knows the package of the definition too",
        GOSSIP_LIMIT,
        || peers[1].query("kv", "host", &[]).is_ok(),
    );
    let hosts: Vec<_> = peers
        .iter()
        .map(|peer| peer.query("kv", "host", &[]).unwrap())
        .collect();
    assert_ne!(hosts[0], hosts[1]);
    let path = "jsonpath={.items[*].spec.containers[*].resources.limits.memory}";
    let limits = chainpod
        .kubectl(&["get", "pods", "-l", "chainpod.dev/role=chaincode", "-o", path])
        .unwrap();
    assert_eq!(limits, "134217728 134217728");
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn the_user_of_a_peer_reads_who_refused_and_what_a_kill_for_memory_was() {
    let progress = Progress::new("peerreads");
    let chainpod = serve("peerreads", &progress);
    let memory = (MEMORY_MIB << 20).to_string();
    let env = [("CORE_VM_DOCKER_HOSTCONFIG_MEMORY", memory.as_str())];
    let network = network("peerreads", &chainpod, &env, &progress);
    quota_at_install(&chainpod, &network, &progress);
    network.deploy(&Package::go("kv_1", &progress).unwrap()).unwrap();
    denied_by_a_webhook(&chainpod, &network);
    killed_for_memory_later(&chainpod, &network);
    ended_from_outside(&chainpod, &network);
    killed_for_memory_at_once(&chainpod, &network, &progress);
}

fn quota_at_install(chainpod: &Chainpod, network: &Network, progress: &Progress) {
    let quota = ["quota", "nothing"];
    chainpod
        .kubectl(&["create", quota[0], quota[1], "--hard=pods=0"])
        .unwrap();
    let package = Package::go("kv_1", progress).unwrap();
    let error = fails(CALL_LIMIT, || network.install(&package));
    says(
        &error,
        &[
            "exceeded quota: nothing, requested: pods=1",
            "raise the namespace's quota",
        ],
    );
    chainpod.kubectl(&["delete", quota[0], quota[1]]).unwrap();
    says(&told(chainpod), &["QuotaExceeded: build of chaincode kv_1 of "]);
    await_empty(chainpod);
}

fn denied_by_a_webhook(chainpod: &Chainpod, network: &Network) {
    network.query("kv", "crash", &["7"]).unwrap_err();
    let cluster = Cluster::running().unwrap();
    let label = ("chainpod.dev/chaincode", "kv_1");
    let webhook = Webhook::deny_pods(&cluster, chainpod.namespace(), label, "not today").unwrap();
    let error = fails(CALL_LIMIT, || network.query("kv", "host", &[]));
    says(
        &error,
        &[
            "chaincode kv_1 of ",
            "admission webhook \\\"peerreads.chainpod.test\\\" denied the request: not today; ask the administrator of that webhook",
        ],
    );
    drop(webhook);
    await_so("it is launched again", SOON, || {
        network.query("kv", "host", &[]).is_ok()
    });
}

fn killed_for_memory_later(chainpod: &Chainpod, network: &Network) {
    let error = fails(CALL_LIMIT, || network.query("kv", "alloc", &["512"]));
    says(&error, &["chaincode"]);
    let limit = format!("was killed for lack of memory (limit {MEMORY_MIB} MiB) in pod ");
    let is_told = || told(chainpod).contains(&limit);
    await_so("the Event", SOON, is_told);
    says(
        &told(chainpod),
        &[
            "OOMKilled: chaincode kv_1 of ",
            "CORE_VM_DOCKER_HOSTCONFIG_MEMORY",
        ],
    );
    network.query("kv", "host", &[]).unwrap();
}

/// The next transaction launches it again, and what happened stands on the record until then.
fn ended_from_outside(chainpod: &Chainpod, network: &Network) {
    let pod = network.query("kv", "host", &[]).unwrap();
    chainpod
        .kubectl(&["delete", "pod", &pod, "--wait=false"])
        .unwrap();
    await_so("the Event", SOON, || {
        told(chainpod).contains("PodDeleted: chaincode kv_1 of ")
    });
    await_so("it is launched again", SOON, || {
        network.query("kv", "host", &[]).is_ok_and(|next| next != pod)
    });
}

fn killed_for_memory_at_once(chainpod: &Chainpod, network: &Network, progress: &Progress) {
    // In one piece, page by page: a program that goes on running at its limit may thrash for a minute
    // until the kernel kills it.
    let source = "package main\n\nvar all = make([]byte, 1<<30)\n\nfunc init() {\n\
                  \tfor i := 0; i < len(all); i += 4096 {\n\t\tall[i] = 1\n\t}\n}\n";
    let package = chaincode_with("greedy.go", source, "greedy_1", progress);
    network.deploy(&package).unwrap();
    let error = fails(CALL_LIMIT, || network.query("greedy", "get", &["colour"]));
    says(
        &error,
        &[
            "chaincode greedy_1 of ",
            &format!("was killed for lack of memory (limit {MEMORY_MIB} MiB) right after its start in pod "),
            "raise HostConfig.Memory (peers: CORE_VM_DOCKER_HOSTCONFIG_MEMORY)",
        ],
    );
    says(&told(chainpod), &["DiedAtOnce: chaincode greedy_1 of "]);
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn a_peer_whose_name_does_not_resolve_is_named_with_the_remedy() {
    let progress = Progress::new("noname");
    let chainpod = serve("noname", &progress);
    let own = [("CORE_PEER_CHAINCODEADDRESS", "nosuch.example:7052")];
    let network = network("noname", &chainpod, &own, &progress);
    network.deploy(&Package::go("kv_1", &progress).unwrap()).unwrap();
    let error = fails(CALL_LIMIT, || network.query("kv", "get", &["colour"]));
    says(
        &error,
        &[
            "check that pods can resolve and reach its peer at nosuch.example:7052; if they cannot, set CORE_PEER_CHAINCODEADDRESS of the peer",
        ],
    );
}

/// By the default: a minute, in which an autoscaler may add a node.
#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn chaincode_that_no_node_takes_fails_its_transaction_after_a_minute() {
    let progress = Progress::new("nonode");
    let chainpod = serve("nonode", &progress);
    let large = [("CORE_VM_DOCKER_HOSTCONFIG_CPUSHARES", "204800")];
    let network = network("nonode", &chainpod, &large, &progress);
    let package = Package::go("kv_1", &progress).unwrap();
    network.install(&package).unwrap();
    network.approve(&package).unwrap();
    let begun = Instant::now();
    // The peer launches it from now on, whoever asks for it.
    network.commit(&package).unwrap();
    let error = fails(UNSCHEDULABLE_LIMIT + CALL_LIMIT, || {
        network.query("kv", "get", &["colour"])
    });
    assert!(begun.elapsed() > UNSCHEDULABLE_LIMIT);
    says(
        &error,
        &[
            "cannot run: no node can run pod ",
            "Insufficient cpu",
            "add a node that fits, or lower resources.requests in chainpod's rules",
        ],
    );
    says(&told(&chainpod), &["Unschedulable: chaincode kv_1 of "]);
}
