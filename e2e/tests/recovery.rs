//! chainpod is killed and started again: what serves goes on serving, what was
//! open fails with the peer's own error, and nothing is left of it.

use std::fmt::Display;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use harness::chainpod::Chainpod;
use harness::{TestNetwork, await_so, files, lab};
use lab::docker::{Docker, tar};
use lab::network::{Network, Package};
use lab::progress::Progress;
use serde_json::json;

/// The time limit for a call that was cut off to fail.
const AT_ONCE: Duration = Duration::from_secs(5);
/// The time limit for the next chainpod to remove the objects of a killed one.
const LEFT_LIMIT: Duration = Duration::from_secs(60);
/// The time limit for started objects to be there.
const THERE_LIMIT: Duration = Duration::from_secs(60);
const BUILD_PODS: &str = "chainpod.dev/role=build";

struct Lab {
    chainpod: Chainpod,
}

impl Lab {
    fn new(name: &str, progress: &Progress) -> Self {
        let (cluster, daemon) = lab(progress);
        let chainpod = Chainpod::start(&cluster, &daemon, name).unwrap();
        Self { chainpod }
    }

    fn names(&self, kinds: &str, more: &[&str]) -> Vec<String> {
        self.chainpod.objects(kinds, more).unwrap()
    }

    fn running(&self, selector: &str) -> Vec<String> {
        let phase = "--field-selector=status.phase=Running";
        self.names("pods", &["-l", selector, phase])
    }

    fn restart(&mut self) {
        self.chainpod.kill().unwrap();
        self.chainpod.start_again().unwrap();
    }

    /// The files in a folder of the store.
    fn stored(&self, folder: &str) -> Vec<String> {
        files(&self.chainpod.store().join(folder))
    }
}

/// Kills chainpod while `call` is open, as soon as `ready`: the error with which it fails, at once.
fn killed_during<E: Display + Send>(
    lab: &mut Lab,
    call: impl FnOnce() -> Result<String, E> + Send,
    ready: impl Fn(&Lab) -> bool,
) -> String {
    thread::scope(|scope| {
        let call = scope.spawn(call);
        await_so("the call has begun", THERE_LIMIT, || ready(lab));
        lab.chainpod.kill().unwrap();
        let killed = Instant::now();
        let Err(error) = call.join().unwrap() else {
            panic!("it was cut off and succeeded");
        };
        assert!(
            killed.elapsed() < AT_ONCE,
            "{error:#} after {:?}",
            killed.elapsed()
        );
        lab.chainpod.start_again().unwrap();
        format!("{error:#}")
    })
}

#[test]
fn killed_while_it_builds_serves_and_launches() {
    let progress = Progress::new("recovery");
    let mut lab = Lab::new("recovery", &progress);
    let network = TestNetwork::up("recovery", &lab.chainpod.endpoint(), &progress);
    let package = Package::go("kv_1", &progress).unwrap();
    during_a_build(&mut lab, &network, &package);
    network.approve(&package).unwrap();
    network.commit(&package).unwrap();
    network.invoke("kv", "put", &["colour", "blue"]).unwrap();
    while_it_serves(&mut lab, &network);
    before_registration(&mut lab, &network);
}

fn during_a_build(lab: &mut Lab, network: &Network, package: &Package) {
    let install = || network.install(package);
    let error = killed_during(lab, install, |lab| !lab.running(BUILD_PODS).is_empty());
    let restarted = Instant::now();
    assert!(error.contains("chaincode install failed"), "{error}");
    let [left] = &lab.names("pods", &["-l", BUILD_PODS])[..] else {
        panic!("one build was cut off: {}", lab.chainpod.log());
    };
    // Its labels tell whose it is, also after the restart.
    let of_peer = format!(
        "{BUILD_PODS},chainpod.dev/chaincode=kv_1,chainpod.dev/peer={}",
        network.peer_host()
    );
    assert_eq!(&lab.names("pods", &["-l", &of_peer]), &[left.as_str()]);
    // What is left does not hinder.
    network.install(package).unwrap();
    await_so(
        "the build that was cut off is gone",
        LEFT_LIMIT.saturating_sub(restarted.elapsed()),
        || !lab.names("pods", &[]).contains(left),
    );
    await_so("only its image is left of the build", THERE_LIMIT, || {
        lab.names("pods,configmaps,secrets", &[]).is_empty()
            // The layer, its configuration and manifest.
            && lab.stored("blobs/sha256").len() == 3
    });
    assert_eq!(lab.chainpod.unfinished(), [""; 0]);
}

fn while_it_serves(lab: &mut Lab, network: &Network) {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let calls = scope.spawn(|| {
            let mut count = 0;
            while !over.load(Ordering::Relaxed) {
                network
                    .invoke("kv", "put", &["count", &count.to_string()])
                    .unwrap();
                count += 1;
            }
            count
        });
        thread::sleep(Duration::from_secs(1));
        lab.chainpod.kill().unwrap();
        thread::sleep(Duration::from_secs(3));
        lab.chainpod.start_again().unwrap();
        thread::sleep(Duration::from_secs(3));
        over.store(true, Ordering::Relaxed);
        assert!(calls.join().unwrap() >= 3);
    });
    let before = network.query("kv", "host", &[]).unwrap();
    network.query("kv", "crash", &["7"]).unwrap_err();
    assert_eq!(network.query("kv", "get", &["colour"]).unwrap(), "blue");
    assert_ne!(network.query("kv", "host", &[]).unwrap(), before);
}

fn before_registration(lab: &mut Lab, network: &Network) {
    network.query("kv", "crash", &["7"]).unwrap_err();
    let before = lab.names("pods", &[]);
    let query = || network.query("kv", "get", &["colour"]);
    let error = killed_during(lab, query, |lab| {
        lab.names("pods", &[]).iter().any(|pod| !before.contains(pod))
    });
    assert!(
        error.contains("chaincode registration failed") || error.contains("error starting container"),
        "{error}"
    );
    assert_eq!(network.query("kv", "get", &["colour"]).unwrap(), "blue");
    await_so("one pod runs and no other is left", LEFT_LIMIT, || {
        lab.names("pods", &[]).len() == 1 && lab.running("chainpod.dev/role=chaincode").len() == 1
    });
}

#[test]
fn killed_between_create_and_start_it_starts_what_was_created() {
    let mut lab = Lab::new("recovery-raw", &Progress::new("recovery"));
    let docker = Docker::new(lab.chainpod.docker());
    let context = tar(&[("Dockerfile", b"FROM hyperledger/fabric-baseos:2.5\n")]).unwrap();
    docker.build("own", &context).unwrap();
    let program = |script: &str| json!({"Image": "own", "Cmd": ["/bin/sh", "-c", script]});
    // Nobody waits for it: docker run -d.
    docker.create("detached", &program("exec sleep 600")).unwrap();
    docker.start("detached").unwrap();
    let before = lab.running("app.kubernetes.io/managed-by=chainpod");
    docker
        .create(
            "created",
            &program("test \"$(cat /etc/own/file)\" = here && exec sleep 600"),
        )
        .unwrap();
    let file = tar(&[("etc/own/file", b"here")]).unwrap();
    docker.upload("created", "/", &file).unwrap();
    lab.restart();
    docker.start("created").unwrap();
    await_so("both run", THERE_LIMIT, || {
        lab.running("app.kubernetes.io/managed-by=chainpod").len() == 2
    });
    thread::sleep(LEFT_LIMIT - Duration::from_secs(20));
    let after = lab.running("app.kubernetes.io/managed-by=chainpod");
    assert!(after.len() == 2 && after.contains(&before[0]), "{after:?}");
    for name in ["detached", "created"] {
        docker.remove(name).unwrap();
    }
}
