//! Containers and gates that others put into Pods, and hooks that hang or fail.

use std::thread;

use harness::webhook::probe;
use harness::{await_so, patch_pods};

use super::*;

/// A change that a policy makes to Pods of ours, the way of the agent into them, and the result of a start: the
/// Event's reason, and parts of the sentence.
struct Row {
    name: &'static str,
    patch: &'static str,
    volume: &'static str,
    reason: &'static str,
    says: &'static [&'static str],
}

/// By which a patched Pod is known.
const PATCHED: &str = "JSONPatch{op: 'add', path: '/metadata/labels/patched', value: 'yes'}";

const ROWS: [Row; 4] = [
    Row {
        name: "hangs",
        // Longer than a start may last without a cause, and not for ever: the kubelet ends no Pod before its hooks.
        patch: "JSONPatch{op: 'replace', path: '/spec/containers/0/lifecycle/postStart', \
                value: {'sleep': {'seconds': 60}}}, \
                JSONPatch{op: 'replace', path: '/spec/terminationGracePeriodSeconds', value: 60}",
        volume: "init",
        reason: "PodBlocked",
        says: &["container agent has started, and its postStart hook does not end"],
    },
    Row {
        name: "fails",
        patch: "JSONPatch{op: 'replace', path: '/spec/containers/0/lifecycle/postStart/exec/command', \
                value: ['/chainpod-agent', '--install', '/nowhere']}",
        volume: "init",
        reason: "AgentMissing",
        says: &[
            "container agent: ",
            "cannot make /nowhere/running: No such file or directory",
        ],
    },
    Row {
        name: "mesh",
        patch: "JSONPatch{op: 'add', path: '/spec/initContainers', \
                value: [{'name': 'mesh-init', 'image': 'docker.io/mesh/init:nope'}]}",
        volume: "image",
        reason: "PodBlocked",
        says: &["docker.io/mesh/init:nope"],
    },
    Row {
        name: "gated",
        patch: "JSONPatch{op: 'add', path: '/spec/schedulingGates', value: [{'name': 'example.com/queue'}]}",
        volume: "image",
        reason: "Unschedulable",
        says: &["no node can run pod ", "scheduling gates"],
    },
];

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn what_others_do_to_a_pod_has_its_cause() {
    let cluster = Cluster::running().expect("no lab runs: cargo xtask lab up");
    let worlds = ROWS.each_ref().map(|row| {
        let volume = format!("--agent-volume={}", row.volume);
        let name = format!("waits-{}", row.name);
        (row, World::new(&name, &[&volume, "--unschedulable-limit=5s"]))
    });
    thread::scope(|scope| {
        for (row, world) in &worlds {
            let cluster = &cluster;
            scope.spawn(move || check(cluster, world, row));
        }
    });
}

fn check(cluster: &Cluster, world: &World, row: &Row) {
    let namespace = world.chainpod.namespace().to_owned();
    // A mesh's containers seldom keep the standard of ours.
    let standard = "pod-security.kubernetes.io/enforce=privileged";
    cluster
        .kubectl(&["label", "namespace", &namespace, "--overwrite", standard])
        .unwrap();
    let patch = format!("[{PATCHED}, {}]", row.patch);
    let role = ("chainpod.dev/role", "chaincode");
    let matching = json!({
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "objectSelector": {"matchLabels": {role.0: role.1}},
    });
    let _policy = patch_pods(cluster, &namespace, matching, &patch);
    await_so("the policy", TOLD_LIMIT, || {
        let label = "jsonpath={.metadata.labels.patched}";
        // What it patches is not in that Pod, and the policy says so.
        probe(cluster, &namespace, role, label).map_or_else(
            |error| format!("{error:#}").contains(&namespace),
            |label| label == "yes",
        )
    });
    let sentence = world.fails(row.name, "plain", TOLD_LIMIT, row.reason);
    says(&sentence, row.says);
}
