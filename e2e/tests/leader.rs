//! At most one process of an installation works. Another one listens, answers pings, and takes over.

use std::thread;
use std::time::{Duration, Instant};

use harness::chainpod::Chainpod;
use harness::lab;
use lab::docker::Docker;
use lab::progress::Progress;
use serde_json::json;

/// The image of a build container, whose wait somebody has open.
const BUILDER: &str = "hyperledger/fabric-ccenv:2.5";
/// A container whose caller is gone is removed 30 s after its process has ended, or was taken for ended.
const RETURN_LIMIT: Duration = Duration::from_secs(35);
/// The time limit for a process to lead after the one before has released its Lease.
const RELEASED_LIMIT: Duration = Duration::from_secs(5);
/// The time limit for a process to lead after the one before was killed.
const KILLED_LIMIT: Duration = Duration::from_secs(20);
/// The time limit for the first process to exit: it has no open builds or launches.
const END_LIMIT: Duration = Duration::from_secs(5);

/// Starts a chainpod, and another process of the same installation.
fn two(namespace: &str) -> (Chainpod, Chainpod) {
    let (cluster, daemon) = lab(&Progress::new("leader"));
    let first = Chainpod::start(&cluster, &daemon, namespace).unwrap();
    let second = first.successor().unwrap();
    (first, second)
}

/// Returns the time that a call to the second process takes, which waits until that process leads.
fn answered(docker: &Docker) -> Duration {
    let begin = Instant::now();
    docker.get("/info").unwrap();
    begin.elapsed()
}

#[test]
fn a_second_process_waits_for_the_end_of_the_first_and_harms_nothing_meanwhile() {
    let (mut first, second) = two("leader-ended");
    let [docker, next] = [&first, &second].map(|chainpod| Docker::new(chainpod.docker()));
    docker.pull(BUILDER).unwrap();
    let program = json!({"Image": BUILDER, "Cmd": ["/bin/sh", "-c", "exec sleep 600"]});
    docker.create("open", &program).unwrap();
    docker.start("open").unwrap();
    thread::scope(|scope| {
        let wait = scope.spawn(|| docker.wait("open"));
        let begin = Instant::now();
        while begin.elapsed() < RETURN_LIMIT {
            assert!(next.is_up());
            thread::sleep(Duration::from_secs(1));
        }
        assert!(!wait.is_finished(), "{}", first.log());
        assert_eq!(docker.inspect("open").unwrap()["State"]["Running"], true);
        let log = second.log();
        assert!(
            log.contains("waiting for lease") && !log.contains("\"serving\""),
            "{log}"
        );

        first.terminate();
        let ended = first.ended_within(END_LIMIT).unwrap();
        assert!(ended.is_some_and(|status| status.success()), "{}", first.log());
        let took = answered(&next);
        assert!(took < RELEASED_LIMIT, "{took:?}: {}", second.log());
        // The call was cut off with its process.
        wait.join().unwrap().unwrap_err();
    });
    assert_eq!(next.inspect("open").unwrap()["State"]["Running"], true);
    next.remove("open").unwrap();
}

#[test]
fn a_second_process_leads_soon_after_the_first_was_killed() {
    let (mut first, second) = two("leader-killed");
    let next = Docker::new(second.docker());
    first.kill().unwrap();
    let took = answered(&next);
    assert!(took < KILLED_LIMIT, "{took:?}: {}", second.log());
    // The first one is started again, and now waits itself.
    first.start_again().unwrap();
    assert!(Docker::new(first.docker()).is_up());
    thread::sleep(KILLED_LIMIT);
    let served = first.log().matches("\"serving\"").count();
    assert_eq!(served, 1, "{}", first.log());
}

#[test]
fn a_process_that_is_started_again_does_not_wait_for_its_own_lease() {
    let (cluster, daemon) = lab(&Progress::new("leader"));
    let mut chainpod = Chainpod::start(&cluster, &daemon, "leader-again").unwrap();
    chainpod.kill().unwrap();
    chainpod.start_again().unwrap();
    let took = answered(&Docker::new(chainpod.docker()));
    assert!(took < RELEASED_LIMIT, "{took:?}: {}", chainpod.log());
}
