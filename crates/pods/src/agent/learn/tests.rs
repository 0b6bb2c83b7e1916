//! Tests of the knowledge about nodes that comes from their Pods.

use serde_json::{Value, json};

use super::*;
use crate::agent::AgentBy;
use crate::config::AgentVolume;
use crate::record::sample;

/// A Pod with an image volume on that node, whose container has this state.
fn pod(node: &str, state: &Value) -> Pod {
    let mut pod = sample::pod(&sample::chaincode(), AgentBy::Mount);
    pod.spec.as_mut().unwrap().node_name = Some(node.to_owned());
    let status = json!({"name": "chaincode", "state": state, "image": "", "imageID": "", "ready": false, "restartCount": 0});
    pod.status = serde_json::from_value(json!({"containerStatuses": [status]})).unwrap();
    pod
}

fn waiting(reason: &str, message: &str) -> Value {
    json!({"waiting": {"reason": reason, "message": message}})
}

/// A Pod with the message of containerd 1.6.
fn old(node: &str) -> Pod {
    let message = "failed to generate container \"x\" spec: failed to generate spec: failed to mkdir \"\": mkdir : no such file or directory";
    pod(node, &waiting("CreateContainerError", message))
}

fn fresh(node: &str) -> Pod {
    pod(node, &waiting("ContainerCreating", ""))
}

/// A Pod whose agent is copied.
fn copied(node: &str) -> Pod {
    let mut pod = fresh(node);
    pod.spec.as_mut().unwrap().volumes = None;
    pod
}

#[test]
fn a_pod_without_an_agent_is_told_by_its_cause() {
    let rows = [
        (old("n"), true),
        (
            pod(
                "n",
                &json!({"terminated": {"exitCode": 128, "reason": "StartError", "message": "exec: \"/.chainpod/chainpod-agent\": stat: no such file"}}),
            ),
            true,
        ),
        (
            pod(
                "n",
                &waiting(
                    "RunContainerError",
                    "exec: \"/.chainpod/chainpod-agent\": permission denied",
                ),
            ),
            true,
        ),
        (
            pod(
                "n",
                &waiting("RunContainerError", "the working directory is not there"),
            ),
            false,
        ),
        (pod("n", &waiting("ImagePullBackOff", "no /.chainpod")), false),
        (pod("n", &json!({"running": {}})), false),
        (fresh("n"), false),
    ];
    for (pod, expected) in rows {
        let told = AgentVolumes::new(AgentVolume::Auto).learn(&pod);
        assert_eq!(
            matches!(told, Some(PodState::NoAgent(_))),
            expected,
            "{:?}",
            pod.status
        );
    }
}

#[test]
fn a_nodes_way_is_kept_and_others_are_tried() {
    let volumes = AgentVolumes::new(AgentVolume::Auto);
    assert!(volumes.mounts_image());
    assert!(volumes.learn(&old("old")).is_some());
    // No other node is known, so it is not tried again.
    assert!(!volumes.mounts_image());
    assert_eq!(volumes.learn(&copied("new")), None);
    assert!(volumes.mounts_image());
    assert_eq!(volumes.learn(&pod("new", &json!({"running": {}}))), None);
    assert!(volumes.mounts_image());
    let deleted = json!({"terminated": {"exitCode": 137, "reason": "ContainerStatusUnknown"}});
    volumes.learn(&pod("old", &deleted));
    let told = volumes.learn(&fresh("old"));
    assert_eq!(
        told,
        Some(PodState::NoAgent(
            "node old does not mount image volumes".to_owned()
        ))
    );
    assert_eq!(volumes.learn(&fresh("new")), None);
}

#[test]
fn a_setting_is_not_doubted() {
    for (setting, mounts) in [(AgentVolume::Image, true), (AgentVolume::Init, false)] {
        let volumes = AgentVolumes::new(setting);
        assert_eq!(volumes.learn(&old("old")), None);
        assert_eq!(volumes.mounts_image(), mounts);
    }
}

/// The container that keeps the image's files starts first, and mounts the agent.
#[test]
fn a_nodes_way_is_learned_from_what_keeps_files_too() {
    let kept = |state: &Value| {
        let mut record = sample::chaincode();
        let overlay = record.container.image.overlay.as_mut().unwrap();
        overlay.directories.push("/etc".to_owned());
        let mut pod = sample::pod(&record, AgentBy::Mount);
        pod.spec.as_mut().unwrap().node_name = Some("n".to_owned());
        let status = json!({"name": "keeper", "state": state, "image": "", "imageID": "", "ready": false, "restartCount": 0});
        pod.status = serde_json::from_value(json!({"initContainerStatuses": [status]})).unwrap();
        pod
    };
    let volumes = AgentVolumes::new(AgentVolume::Auto);
    let old = waiting(
        "CreateContainerError",
        "failed to generate spec: failed to mkdir \"\"",
    );
    assert!(matches!(volumes.learn(&kept(&old)), Some(PodState::NoAgent(_))));
    assert!(!volumes.mounts_image());
    let volumes = AgentVolumes::new(AgentVolume::Auto);
    let kept = kept(&json!({"terminated": {"exitCode": 0, "reason": "Completed"}}));
    assert_eq!(volumes.learn(&kept), None);
    assert!(volumes.learned().nodes.get("n") == Some(&Node::Mounts));
}
