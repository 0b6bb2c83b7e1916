//! The API server is away for chainpod: calls wait, then work.

use std::thread;
use std::time::{Duration, Instant};

use harness::chainpod::Chainpod;
use harness::{TestNetwork, lab, run_own};
use lab::docker::Docker;
use lab::gate::Gate;
use lab::network::Package;
use lab::progress::Progress;

/// The duration of the outage.
const OUTAGE: Duration = Duration::from_secs(20);

/// The limit for a stop in an outage: the agent's time, the Pod's, and the record's.
const STOP_LIMIT: Duration = Duration::from_secs(100);

/// Parts of the log lines of calls that may be answered with 5xx: starts of chaincode that this test crashes
/// within 5 s.
const IN_VAIN: [&str; 3] = [
    "/start\"",
    " exited with code 7 right after its start ",
    " was ended by a stop, kill or removal",
];

/// Does `work`, and begins an outage `after` its start.
fn in_an_outage<T: Send>(gate: &Gate, after: Duration, work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let working = scope.spawn(work);
        thread::sleep(after);
        gate.shut();
        thread::sleep(OUTAGE);
        gate.open();
        working.join().unwrap()
    })
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn calls_wait_for_the_api_server_and_then_work() {
    let progress = Progress::new("outage");
    let (cluster, daemon) = lab(&progress);
    let gate = Gate::to(cluster.api()).unwrap();
    let mut chainpod = Chainpod::start_behind(&gate, &cluster, &daemon, "outage").unwrap();
    let network = TestNetwork::up("outage", &chainpod.endpoint(), &progress);
    let package = Package::go("kv_1", &progress).unwrap();
    let crash = || network.query("kv", "crash", &["7"]).unwrap_err();
    let colour = || network.query("kv", "get", &["colour"]).unwrap();

    // While it compiles.
    in_an_outage(&gate, Duration::from_secs(5), || {
        network.install(&package).unwrap()
    });
    network.approve(&package).unwrap();
    network.commit(&package).unwrap();
    network.invoke("kv", "put", &["colour", "blue"]).unwrap();

    // While it serves; it crashes unseen, and is started again.
    in_an_outage(&gate, Duration::ZERO, || {
        let begin = Instant::now();
        while begin.elapsed() < OUTAGE {
            assert_eq!(colour(), "blue");
        }
    });
    crash();
    assert_eq!(colour(), "blue");

    // While it is started: from the first call, and after some.
    for after in [0, 300] {
        crash();
        let answer = in_an_outage(&gate, Duration::from_millis(after), colour);
        assert_eq!(answer, "blue");
    }

    // While chainpod itself begins: who connects waits.
    chainpod.kill().unwrap();
    crash();
    let answer = in_an_outage(&gate, Duration::ZERO, || {
        thread::sleep(Duration::from_secs(1));
        chainpod.start_again().unwrap();
        colour()
    });
    assert_eq!(answer, "blue");
    let log = chainpod.log();
    let failed: Vec<_> = log.lines().filter(|line| line.contains("\"status\":5")).collect();
    assert!(
        failed
            .iter()
            .all(|line| IN_VAIN.iter().any(|vain| line.contains(vain))),
        "a call was answered 5xx: {failed:#?}"
    );
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn a_stop_is_answered_though_the_api_server_stays_away_and_the_end_is_recorded_later() {
    let (cluster, daemon) = lab(&Progress::new("outage"));
    let gate = Gate::to(cluster.api()).unwrap();
    let chainpod = Chainpod::start_behind(&gate, &cluster, &daemon, "longoutage").unwrap();
    let docker = Docker::new(chainpod.docker());
    run_own(&docker, "exec sleep 600");
    gate.shut();
    let begin = Instant::now();
    let error = format!("{:#}", docker.stop("own").unwrap_err());
    assert!(begin.elapsed() < STOP_LIMIT, "{:?}", begin.elapsed());
    assert!(
        error.contains("cannot be ended: the kubernetes api server cannot be reached"),
        "{error}"
    );
    gate.open();
    // The agent has ended the program by SIGTERM at once, and insists on its report.
    assert_eq!(docker.wait("own").unwrap(), 143);
    docker.remove("own").unwrap();
}
