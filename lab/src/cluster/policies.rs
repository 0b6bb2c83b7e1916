//! NetworkPolicies that count. The lab's plain bridges know none; while an [`Enforcement`] is there,
//! kube-network-policies judges the first packet of each TCP connection from or to a Pod.
//!
//! It would fetch the packets by nftables' `queue`, which not every kernel has; the older NFQUEUE of
//! iptables does the same, so the lab has a rule for it.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::{Cluster, NODE, POD_RANGE};
use crate::command::run;
use crate::progress::Progress;
use crate::{cache, images};

/// The chain of iptables that hands packets over.
const CHAIN: &str = "CHAINPOD-POLICIES";
/// The queue that it hands them to.
const QUEUE: u16 = 100;
/// The kernel's list of queues that a process reads. Each line begins with the queue's number.
const QUEUES: &str = "/proc/net/netfilter/nfnetlink_queue";
/// The objects of kube-network-policies in the cluster.
const OBJECTS: [&str; 4] = [
    "pod/kube-network-policies",
    "serviceaccount/kube-network-policies",
    "clusterrole/kube-network-policies",
    "clusterrolebinding/kube-network-policies",
];
const MANIFEST: &str = include_str!("../../kube-network-policies/manifest.yaml");

/// NetworkPolicies count in all of the cluster until it is dropped. Connections that are open stay so.
pub struct Enforcement {
    cluster: Cluster,
    // Another test's waits for this.
    _lock: File,
}

impl Cluster {
    /// Lets NetworkPolicies count, as soon as nobody else does.
    ///
    /// # Errors
    /// Returns the error of Go, kubectl or iptables, or an error if kube-network-policies takes no packets
    /// after 90 s.
    pub fn enforce_network_policies(&self, progress: &Progress) -> Result<Enforcement> {
        let archive = images::build_network_policies(progress)?;
        let lock = cache::lock(&self.run.join("policies.lock"))?;
        let enforcement = Enforcement {
            cluster: self.clone(),
            _lock: lock,
        };
        progress.step("starting kube-network-policies", || {
            // What a killed test left.
            enforcement.end()?;
            enforcement.begin(&archive)
        })?;
        Ok(enforcement)
    }
}

impl Enforcement {
    fn begin(&self, archive: &Path) -> Result<()> {
        let cluster = &self.cluster;
        cluster.import(archive)?;
        cluster.apply(&manifest())?;
        cluster
            .wait_for("kube-network-policies to take packets", is_read)
            .with_context(|| self.log())?;
        change(&format!("{}{}", verdicts(), jumps("-A")))
    }

    fn end(&self) -> Result<()> {
        if run(Command::new("iptables").args(["-w", "-t", "mangle", "-S", CHAIN])).is_ok() {
            change(&format!("{}-X {CHAIN}\n", jumps("-D")))?;
        }
        let delete = ["--namespace=kube-system", "delete", "--ignore-not-found"];
        self.cluster.kubectl(&[&delete[..], &OBJECTS].concat()).map(drop)
    }

    fn log(&self) -> String {
        let log = ["--namespace=kube-system", "logs", OBJECTS[0], "--tail=30"];
        self.cluster
            .kubectl(&log)
            .unwrap_or_else(|error| format!("{error:#}"))
    }
}

impl Drop for Enforcement {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            eprintln!("NetworkPolicies may still count, until `lab down`: {error:#}");
        }
    }
}

fn manifest() -> String {
    MANIFEST
        .replace("NODE", NODE)
        .replace("QUEUE", &QUEUE.to_string())
        .replace("IMAGE", images::NETWORK_POLICIES)
}

/// Returns true if a process reads our queue.
fn is_read() -> bool {
    let queues = fs::read_to_string(QUEUES).unwrap_or_default();
    let mut numbers = queues.lines().filter_map(|line| line.split_whitespace().next());
    numbers.any(|number| number.parse() == Ok(QUEUE))
}

/// Returns the rules that send new connections from or to a Pod to the chain, each line with `action` before
/// it. They are where kube-network-policies has its own rules: behind a Service's address, before
/// masquerading.
fn jumps(action: &str) -> String {
    let new = format!("{action} POSTROUTING -p tcp -m conntrack --ctstate NEW");
    format!("{new} -s {POD_RANGE} -j {CHAIN}\n{new} -d {POD_RANGE} -j {CHAIN}\n")
}

/// Returns the rules of the chain. Connections of a node's root are let through, so the kubelet's probes work
/// whatever a policy says.
fn verdicts() -> String {
    format!(
        "-A {CHAIN} -m owner --uid-owner 0 -j RETURN\n\
         -A {CHAIN} -j NFQUEUE --queue-num {QUEUE} --queue-bypass\n"
    )
}

/// Changes the table, with an empty chain of ours before, as a whole or not at all.
fn change(rules: &str) -> Result<()> {
    let mut restore = Command::new("iptables-restore")
        .args(["--wait", "--noflush"])
        .stdin(Stdio::piped())
        .spawn()
        .context("cannot run iptables-restore")?;
    if let Some(mut input) = restore.stdin.take() {
        write!(input, "*mangle\n:{CHAIN} - [0:0]\n{rules}COMMIT\n")?;
    }
    ensure!(restore.wait()?.success(), "iptables-restore refused:\n{rules}");
    Ok(())
}
