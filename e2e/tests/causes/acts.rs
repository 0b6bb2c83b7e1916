//! Actions on a row's container in addition to Docker clients' calls.

use harness::webhook::probe;
use harness::{await_so, lab};
use lab::cluster::Cluster;
use lab::docker::tar;
use serde_json::json;

use super::rows::PATCHED;
use super::{TOLD_LIMIT, World};

/// Uploads a file, and takes its Secret away.
pub(crate) fn lose_the_secret(world: &World, container: &str) {
    let file = tar(&[("etc/hyperledger/fabric/client.crt", b"PEM")]).unwrap();
    world.docker.upload(container, "/", &file).unwrap();
    let secrets = world
        .chainpod
        .objects("secrets", &["-l", "chainpod.dev/chaincode=secret"])
        .unwrap();
    assert_eq!(secrets.len(), 1, "{secrets:?}");
    world.chainpod.kubectl(&["delete", &secrets[0]]).unwrap();
}

pub(crate) fn await_the_policy(world: &World, _: &str) {
    let cluster = Cluster::running().unwrap();
    let names = "jsonpath={.spec.containers[0].envFrom[*].secretRef.name}";
    await_so("the policy", TOLD_LIMIT, || {
        probe(&cluster, world.chainpod.namespace(), PATCHED, names).unwrap() == "missing"
    });
}

fn pod(world: &World, container: &str) -> String {
    let chaincode = container.split('-').nth(2).unwrap();
    let label = format!("chainpod.dev/chaincode={chaincode}");
    let pods = world.chainpod.objects("pods", &["-l", &label]).unwrap();
    assert_eq!(pods.len(), 1, "{pods:?}");
    pods[0].clone()
}

pub(crate) fn delete(world: &World, container: &str) {
    world
        .chainpod
        .kubectl(&["delete", "--wait=false", &pod(world, container)])
        .unwrap();
}

pub(crate) fn delete_by_force(world: &World, container: &str) {
    let pod = pod(world, container);
    world
        .chainpod
        .kubectl(&["delete", "--force", "--grace-period=0", "--wait=false", &pod])
        .unwrap();
}

/// As a drain does it.
pub(crate) fn evict(world: &World, container: &str) {
    let (pod, namespace) = (pod(world, container), world.chainpod.namespace());
    let pod = pod.strip_prefix("pod/").unwrap();
    let eviction = json!({
        "apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": namespace},
    });
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), eviction.to_string()).unwrap();
    let path = format!("/api/v1/namespaces/{namespace}/pods/{pod}/eviction");
    let file = file.path().display().to_string();
    world
        .chainpod
        .kubectl(&["create", "--raw", &path, "-f", &file])
        .unwrap();
}
