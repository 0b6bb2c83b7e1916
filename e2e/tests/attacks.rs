//! Attacks on a running chainpod: bodies that unfold to gigabytes, and a line of a log that does not end. Each is
//! refused or read on, memory stays bounded, and others are answered meanwhile.

#[path = "attacks/bodies.rs"]
mod bodies;
#[path = "attacks/client.rs"]
mod client;
#[path = "attacks/memory.rs"]
mod memory;

use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use harness::chainpod::Chainpod;
use harness::lab;
use lab::docker::{Docker, tar};
use lab::progress::Progress;
use serde_json::json;

use self::client::{ping, refused};
use self::memory::Memory;

/// The limit for answers to other callers during an attack.
const PING_LIMIT: Duration = Duration::from_secs(1);
/// The pause between two calls of other callers.
const PING_EVERY: Duration = Duration::from_millis(50);
/// The time in which a killed process with a gigabyte of memory ends.
const KILL_LIMIT: Duration = Duration::from_secs(5);
/// The length of the line that does not end: held whole, it was held twice.
const LINE_BYTES: usize = 64 << 20;
/// The end of the output, after that line.
const LAST: &[u8] = b"\nthe end\n";

/// A chainpod with a container `own`, and its memory while nobody calls.
struct Attacked {
    chainpod: Chainpod,
    memory: Memory,
    /// The failures, by attack.
    failures: Vec<String>,
}

impl Attacked {
    fn start(name: &str, command: &[&str]) -> Self {
        let (cluster, daemon) = lab(&Progress::new(name));
        let chainpod = Chainpod::start(&cluster, &daemon, name).unwrap();
        let docker = Docker::new(chainpod.docker());
        let context = tar(&[("Dockerfile", b"FROM hyperledger/fabric-baseos:2.5\n")]).unwrap();
        docker.build("own", &context).unwrap();
        let own = json!({"Image": "own", "Cmd": command});
        docker.create("own", &own).unwrap();
        let memory = Memory::idle(chainpod.pid());
        Self {
            chainpod,
            memory,
            failures: Vec::new(),
        }
    }

    /// Makes the attack while others call. A chainpod that it kills is started again.
    fn suffer(&mut self, name: &str, attack: impl FnOnce(&Chainpod) -> Result<()>) {
        let (begun, over) = (Instant::now(), AtomicBool::new(false));
        let (chainpod, memory) = (&self.chainpod, &self.memory);
        let outcomes = thread::scope(|scope| {
            let bounded = scope.spawn(|| memory.is_bounded(&over));
            let answered = scope.spawn(|| answers(chainpod, &over));
            let outcome = attack(chainpod);
            over.store(true, Ordering::Relaxed);
            [outcome, bounded.join().unwrap(), answered.join().unwrap()]
        });
        println!("{name}: over after {:?}", begun.elapsed());
        let errors = outcomes.into_iter().filter_map(Result::err);
        let errors: Vec<_> = errors.map(|error| format!("{name}: {error:#}")).collect();
        if !errors.is_empty() && self.chainpod.ended_within(KILL_LIMIT).unwrap().is_some() {
            self.chainpod.start_again().unwrap();
            self.memory = Memory::idle(self.chainpod.pid());
        }
        self.failures.extend(errors);
    }

    fn end(self) {
        assert!(self.failures.is_empty(), "{}", self.failures.join("\n"));
    }
}

/// Calls like other callers until the attack is over; fails if an answer takes too long.
fn answers(chainpod: &Chainpod, over: &AtomicBool) -> Result<()> {
    let mut slowest = Duration::ZERO;
    while !over.load(Ordering::Relaxed) {
        let begun = Instant::now();
        ping(chainpod.docker(), PING_LIMIT)?;
        slowest = slowest.max(begun.elapsed());
        thread::sleep(PING_EVERY);
    }
    ensure!(slowest < PING_LIMIT, "/_ping took {slowest:?}");
    Ok(())
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn bodies_that_unfold_to_gigabytes_are_refused_in_little_memory() {
    let mut attacked = Attacked::start("attacks", &["true"]);
    let put = "PUT /containers/own/archive?path=/";
    for (name, call, body, words) in [
        ("F1", put, bodies::sparse(), "a sparse file: etc/a"),
        (
            "F2",
            "POST /build?t=x",
            bodies::differential(),
            "a sparse file: a",
        ),
        (
            "F3",
            "POST /build?t=x",
            bodies::links(127 * 1024),
            "the archive has a name or attributes of more than 128 KiB",
        ),
        (
            "F3 within each limit",
            "POST /build?t=x",
            bodies::links(4096),
            "names and links of more than",
        ),
        (
            "F3 by paths",
            "POST /build?t=x",
            bodies::paths(),
            "names and links of more than",
        ),
        ("F5", "POST /build?t=x", bodies::environment(), "ENV"),
    ] {
        attacked.suffer(name, |chainpod| refused(chainpod.docker(), call, body, words));
    }
    attacked.suffer("F6", |chainpod| {
        thread::scope(|scope| {
            let builds = ["x", "y", "z"].map(|tag| {
                let call = format!("POST /build?t={tag}");
                scope.spawn(move || {
                    refused(
                        chainpod.docker(),
                        &call,
                        bodies::instructions(),
                        "a Dockerfile may have at most 128 KiB",
                    )
                })
            });
            builds.into_iter().try_for_each(|build| build.join().unwrap())
        })
    });
    attacked.end();
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn a_line_that_does_not_end_is_read_on_in_little_memory() {
    let line = format!("head -c {LINE_BYTES} /dev/zero | tr '\\0' x; printf '\\nthe end\\n'");
    let mut attacked = Attacked::start("attackslog", &["/bin/sh", "-c", &line]);
    attacked.suffer("F4", |chainpod| {
        Docker::new(chainpod.docker()).start("own")?;
        follow(chainpod)
    });
    attacked.end();
}

/// Reads the log as it comes, to its end.
fn follow(chainpod: &Chainpod) -> Result<()> {
    let url = format!(
        "http://{}/containers/own/logs?follow=1&stdout=1",
        chainpod.docker()
    );
    let mut answer = ureq::get(&url).call()?;
    let mut frames = answer.body_mut().with_config().limit(u64::MAX).reader();
    let (mut length, mut end) = (0, Vec::new());
    let mut header = [0; 8];
    while frames.read_exact(&mut header).is_ok() {
        let [.., a, b, c, d] = header;
        let mut frame = vec![0; u32::from_be_bytes([a, b, c, d]) as usize];
        frames.read_exact(&mut frame)?;
        let text = frame.iter().take_while(|byte| **byte == b'x').count();
        length += text;
        end.extend(&frame[text..]);
    }
    ensure!(
        (length, &end[..]) == (LINE_BYTES, LAST),
        "{length} bytes of the line were read, and then {:?}",
        String::from_utf8_lossy(&end)
    );
    Ok(())
}
