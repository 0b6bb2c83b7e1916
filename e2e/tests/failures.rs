//! What cannot work says why, to the user of the peer's command line: in time,
//! and with nothing left behind.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use chainpod_e2e::{TestNetwork, await_so, files, lab};
use lab::chainpod::Chainpod;
use lab::network::{Fabric, Network, NetworkOptions, Package, vendored};
use lab::progress::Progress;

/// Before the peer's own 300 s by far.
const CALL_LIMIT: Duration = Duration::from_secs(30);
/// How long what is on its way may take.
const SOON: Duration = Duration::from_secs(30);
/// What a peer has not heard it asks for once a minute (`peer.gossip.pvtData.reconcileSleepInterval`).
const GOSSIP_LIMIT: Duration = Duration::from_secs(90);
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

/// The error's text, and how long it took.
fn fails<T>(call: impl FnOnce() -> anyhow::Result<T>) -> (String, Duration) {
    let begun = Instant::now();
    let Err(error) = call() else {
        panic!("it cannot work and did");
    };
    (format!("{error:#}"), begun.elapsed())
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
    let (error, _) = fails(|| network.install(&package));
    assert!(
        error.contains("./broken.go:3:18: cannot use \"no number\""),
        "{error}"
    );
    await_empty(chainpod);
    await_so("the store is empty", SOON, || {
        let mut folders = ["blobs/sha256", "tmp"].into_iter();
        folders.all(|folder| files(&chainpod.store().join(folder)).is_empty())
    });
}

fn exits_at_once(chainpod: &Chainpod, network: &Network, progress: &Progress) {
    let source = "package main\n\nimport (\n\t\"fmt\"\n\t\"os\"\n)\n\n\
                  func init() {\n\tfmt.Println(\"config missing: DB_URL\")\n\tos.Exit(3)\n}\n";
    let package = chaincode_with("early.go", source, "early_1", progress);
    network.deploy(&package).unwrap();
    let (error, took) = fails(|| network.query("early", "get", &["colour"]));
    assert!(
        error.contains("chaincode early_1 of ")
            && error.contains(" exited with 3 right after its start in pod ")
            && error.contains("its last words: config missing: DB_URL"),
        "{error}\n{}",
        chainpod.log()
    );
    assert!(took < CALL_LIMIT, "{took:?}");
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
    let (error, took) = fails(|| network.install(&package));
    assert!(
        error.contains("build of chaincode kv_1 of peer0.")
            && error.contains("cannot pull image hyperledger/fabric-ccenv:9.9"),
        "{error}"
    );
    assert!(took < CALL_LIMIT, "{took:?}");
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
    let (error, took) = fails(|| network.query("kv", "get", &["colour"]));
    assert!(
        error.contains("cannot pull image hyperledger/fabric-baseos:9.9")
            && !error.contains("timeout expired"),
        "{error}"
    );
    assert!(took < CALL_LIMIT, "{took:?}");
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn a_peer_address_that_no_pod_can_reach_is_named_with_the_remedy() {
    let progress = Progress::new("loopback");
    let chainpod = serve("loopback", &progress);
    let own = [("CORE_PEER_CHAINCODEADDRESS", "127.0.0.1:7052")];
    let network = network("loopback", &chainpod, &own, &progress);
    network.deploy(&Package::go("kv_1", &progress).unwrap()).unwrap();
    let (error, took) = fails(|| network.query("kv", "get", &["colour"]));
    assert!(
        error.contains("cannot reach its peer at 127.0.0.1:7052")
            && error.contains("set CORE_PEER_CHAINCODEADDRESS of the peer"),
        "{error}"
    );
    assert!(took < CALL_LIMIT, "{took:?}");
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
