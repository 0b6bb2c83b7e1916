//! Further nodes: Pods run on them and reach the first node. The old runtime really is old. Removing a node
//! does not affect the others.

use harness::{Namespace, Removed, lab};
use lab::cluster::Runtime;
use lab::progress::Progress;

const BASEOS: &str = "docker.io/hyperledger/fabric-baseos:2.5";
const BUSYBOX: &str = "docker.io/library/busybox:1.35";

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn an_old_node_runs_pods_but_mounts_no_images() {
    let namespace = Namespace::new("e2e-nodes", false);
    let node = namespace
        .cluster()
        .add_node(Runtime::Containerd1, &Progress::new("nodes"))
        .unwrap();
    let name = node.name();
    let added = Removed(|| namespace.cluster().remove_node(&node));
    let there = format!(", nodeName: {name}");

    let resolve = "[getent, hosts, kubernetes.default]";
    namespace.pod(
        "plain",
        &format!("{{name: main, image: '{BASEOS}', command: {resolve}}}"),
        &there,
    );
    assert!(namespace.log_of_succeeded("plain").starts_with("10.96.0.1 "));

    let mount = "volumeMounts: [{name: image, mountPath: /image}]";
    let volume = format!("{there}, volumes: [{{name: image, image: {{reference: '{BUSYBOX}'}}}}]");
    namespace.pod(
        "image",
        &format!("{{name: main, image: '{BUSYBOX}', command: ['true'], {mount}}}"),
        &volume,
    );
    namespace.wait_for(
        "image",
        "{.status.containerStatuses[0].state.waiting.reason}",
        "CreateContainerError",
    );
    let message = "jsonpath={.status.containerStatuses[0].state.waiting.message}";
    let message = namespace
        .kubectl(&["get", "pod", "image", "-o", message])
        .unwrap();
    assert!(
        message.contains("failed to generate spec: failed to mkdir"),
        "{message}"
    );

    drop(added);
    let nodes = namespace.kubectl(&["get", "nodes", "-o", "name"]).unwrap();
    assert!(
        nodes.contains("node/lab\n") && !nodes.contains(&format!("node/{name}\n")),
        "{nodes}"
    );
}
