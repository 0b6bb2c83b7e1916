//! The way from Pods to chainpod.

use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::thread;

use harness::await_so;
use lab::gate::Gate;

use super::*;

/// The time in which a connection on this machine is made, if it is made at all.
const CONNECTED: Duration = Duration::from_millis(200);
/// An outage of chainpod that lasts longer than an agent may wait without it.
const OUTAGE: Duration = Duration::from_secs(40);

fn node(name: &str) -> IpAddr {
    lab(&Progress::new(name)).0.node_ip()
}

/// An address whose packets are dropped, as a NetworkPolicy does it, for as long as the rest is there: the kernel drops
/// those to a listener that has too many waiting.
fn hole(node: IpAddr) -> (SocketAddr, (TcpListener, Vec<TcpStream>)) {
    let listener = TcpListener::bind((node, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, CONNECTED) {
        waiting.push(stream);
    }
    (address, (listener, waiting))
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn pods_that_do_not_reach_chainpod_say_why_in_each_shape() {
    let node = node("waits");
    let (hole, _full) = hole(node);
    for (name, address, why) in [
        ("closed", SocketAddr::new(node, 1), "Connection refused"),
        ("hole", hole, "timeout: connect"),
    ] {
        let world = World::new(&format!("waits-{name}"), &[&format!("--agent-address={address}")]);
        thread::scope(|scope| {
            for image in ["plain", "kept", "bare"] {
                let world = &world;
                scope.spawn(move || {
                    let sentence = world.fails(&format!("{name}-{image}"), image, TOLD_LIMIT, "FilesMissing");
                    let what = match image {
                        "bare" => "waits for chainpod: cannot report to chainpod: ",
                        _ => "waits for chainpod: cannot fetch files for /",
                    };
                    says(&sentence, &[what, why, "agent-address"]);
                });
            }
        });
    }
}

/// As with a mesh, or a proxy that opens what it passes on.
#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn what_answers_with_another_certificate_is_not_chainpod() {
    let other = World::new("waits-other", &[]);
    let address = format!("--agent-address={}", other.chainpod.agents());
    let world = World::new("waits-stranger", &[&address]);
    let sentence = world.fails("stranger", "plain", TOLD_LIMIT, "FilesMissing");
    says(
        &sentence,
        &[
            "waits for chainpod: cannot fetch files for /",
            "invalid peer certificate: ",
            "that no mesh or proxy replaces its certificate",
        ],
    );
}

/// A chainpod that agents reach through a gate.
fn behind(name: &str) -> (World, Gate) {
    let node = node(name);
    let port = TcpListener::bind((node, 0)).unwrap().local_addr().unwrap();
    let gate = Gate::at(node, port).unwrap();
    let (listen, address) = (
        format!("--agent-listen={port}"),
        format!("--agent-address={}", gate.address()),
    );
    (World::new(name, &[&listen, &address]), gate)
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn an_outage_fails_no_start_that_it_does_not_outlast() {
    let (world, gate) = behind("waits-outage");
    gate.shut();
    world.create("short", "plain", &json!({}));
    thread::scope(|scope| {
        let started = scope.spawn(|| world.docker.start("short"));
        thread::sleep(Duration::from_secs(8));
        gate.open();
        started.join().unwrap().unwrap();
    });
    gate.shut();
    let sentence = world.fails("long", "plain", TOLD_LIMIT, "FilesMissing");
    says(&sentence, &["waits for chainpod: cannot fetch files for /"]);
}

/// The agent has waited for much longer than one is given when chainpod is there again.
#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn a_restart_of_chainpod_fails_no_start() {
    let (mut world, gate) = behind("waits-restart");
    gate.shut();
    world.create("it", "plain", &json!({}));
    thread::scope(|scope| {
        let docker = &world.docker;
        scope.spawn(move || docker.start("it"));
        await_so("its pod", TOLD_LIMIT, || {
            let phase = "jsonpath={.items[*].status.phase}";
            world.chainpod.kubectl(&["get", "pods", "-o", phase]).unwrap() == "Running"
        });
        let pid = world.chainpod.pid().to_string();
        assert!(
            std::process::Command::new("kill")
                .args(["-9", &pid])
                .status()
                .unwrap()
                .success()
        );
    });
    thread::sleep(OUTAGE);
    world.chainpod.kill().unwrap();
    gate.open();
    world.chainpod.start_again().unwrap();
    // Nobody else comes back for it.
    world.docker.start("it").unwrap();
    let log = world.chainpod.log();
    assert!(!log.contains("FilesMissing"), "{log}");
    world.docker.remove("it").unwrap();
}
