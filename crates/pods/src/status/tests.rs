//! Tests of the state for each status.

use super::*;
use crate::record::sample;
use engine::Outlook;
use serde_json::{Value, json};

mod walk;

fn pod(status: Value) -> Pod {
    let mut pod = sample::pod(&sample::chaincode(), crate::agent::AgentBy::Mount);
    pod.status = serde_json::from_value(status).unwrap();
    pod
}

fn own(state: &Value) -> Value {
    let sidecar = json!({"running": {"startedAt": "2026-11-01T00:00:00Z"}});
    let status = |name: &str, state: &Value| json!({"name": name, "state": state, "image": "", "imageID": "", "ready": false, "restartCount": 0});
    json!({"phase": "Running", "containerStatuses": [status("istio-proxy", &sidecar), status("chaincode", state)]})
}

fn end(code: i64, end: End) -> PodState {
    PodState::Ended { code, end }
}

#[test]
fn the_own_containers_status_is_the_state() {
    let container = |text: &str, outlook| {
        PodState::Stuck(Cause::Container {
            message: text.to_owned(),
            outlook,
        })
    };
    let image = |text: &str, tried_again| {
        PodState::Stuck(Cause::Image {
            image: "hyperledger/fabric-baseos:2.5".to_owned(),
            message: text.to_owned(),
            tried_again,
        })
    };
    let rows = [
        (json!(null), PodState::Pending),
        (json!({"phase": "Pending"}), PodState::Pending),
        (own(&json!({})), PodState::Pending),
        (
            own(&json!({"waiting": {"reason": "ContainerCreating"}})),
            PodState::Pending,
        ),
        (
            own(
                &json!({"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image \"x\""}}),
            ),
            image("ImagePullBackOff: Back-off pulling image \"x\"", false),
        ),
        (
            own(&json!({"waiting": {"reason": "ErrImagePull"}})),
            image("ErrImagePull", true),
        ),
        (
            own(
                &json!({"waiting": {"reason": "CreateContainerConfigError", "message": "secret \"s\" not found"}}),
            ),
            container(
                "CreateContainerConfigError: secret \"s\" not found",
                Outlook::Poor,
            ),
        ),
        (
            own(
                &json!({"waiting": {"reason": "CreateContainerError", "message": "context deadline exceeded"}}),
            ),
            container("CreateContainerError: context deadline exceeded", Outlook::Good),
        ),
        (
            own(
                &json!({"waiting": {"reason": "CreateContainerConfigError", "message": "failed to sync secret cache: timed out waiting for the condition"}}),
            ),
            container(
                "CreateContainerConfigError: failed to sync secret cache: timed out waiting for the condition",
                Outlook::Good,
            ),
        ),
        (
            json!({"phase": "Pending", "conditions": [
                {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes are available"}
            ]}),
            PodState::Stuck(Cause::Unschedulable("0/1 nodes are available".to_owned())),
        ),
        (own(&json!({"running": {}})), PodState::Running),
        (
            own(&json!({"terminated": {"exitCode": 0, "reason": "Completed"}})),
            end(0, End::Itself),
        ),
        (
            own(&json!({"terminated": {"exitCode": 3, "reason": "Error"}})),
            end(3, End::Itself),
        ),
        (
            own(&json!({"terminated": {"exitCode": 137, "reason": "OOMKilled"}})),
            end(137, End::OutOfMemory),
        ),
        (
            own(
                &json!({"terminated": {"exitCode": 128, "reason": "StartError", "message": "exec: no such file"}}),
            ),
            container("StartError: exec: no such file", Outlook::None),
        ),
        (
            own(
                &json!({"terminated": {"exitCode": 128, "reason": "StartError", "message": "exec: \"x\": executable file not found in $PATH"}}),
            ),
            PodState::Stuck(Cause::Command {
                message: "StartError: exec: \"x\": executable file not found in $PATH".to_owned(),
                code: 127,
            }),
        ),
        (
            json!({"phase": "Failed", "reason": "Evicted", "message": "The node was low on memory."}),
            end(137, End::Evicted("The node was low on memory".to_owned())),
        ),
    ];
    for (status, expected) in rows {
        let pod = pod(status.clone());
        assert_eq!(seen(&pod).unwrap().state, expected, "{status}");
    }
}

#[test]
fn where_the_pod_was_evicted_its_reason_wins_over_the_containers() {
    let mut status = own(&json!({"terminated": {"exitCode": 143, "reason": "Error"}}));
    status["reason"] = json!("Evicted");
    status["phase"] = json!("Failed");
    assert_eq!(
        seen(&pod(status)).unwrap().state,
        end(143, End::Evicted(String::new()))
    );
}

#[test]
fn a_lost_nodes_container_has_ended_whatever_it_said_last() {
    let mut status = own(&json!({"running": {}}));
    status["reason"] = json!("NodeLost");
    assert_eq!(
        seen(&pod(status)).unwrap().state,
        end(137, End::NodeLost("NodeLost".to_owned()))
    );
}

#[test]
fn what_is_about_to_end_a_pod_is_known_before_its_container_has_ended() {
    let disrupted = |reason: &str| {
        let mut status = own(&json!({"running": {}}));
        status["conditions"] = json!([
            {"type": "DisruptionTarget", "status": "True", "reason": reason, "message": "why"}
        ]);
        seen(&pod(status)).unwrap().ending
    };
    let why = || "why".to_owned();
    for (reason, end) in [
        ("EvictionByEvictionAPI", End::Evicted(why())),
        ("PreemptionByScheduler", End::Preempted(why())),
        ("DeletionByTaintManager", End::NodeLost(why())),
        ("New", End::PodFailed(why())),
    ] {
        assert_eq!(disrupted(reason), Some(end), "{reason}");
    }
    let mut deleted = pod(own(&json!({"running": {}})));
    assert_eq!(seen(&deleted).unwrap().ending, None);
    deleted.metadata.deletion_timestamp = serde_json::from_value(json!("2026-11-01T00:00:00Z")).unwrap();
    assert_eq!(seen(&deleted).unwrap().ending, Some(End::Deleted));
    assert_eq!(seen(&deleted).unwrap().state, PodState::Running);
}
