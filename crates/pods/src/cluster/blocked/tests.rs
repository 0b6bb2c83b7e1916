//! Tests of the causes that are found in Events and in the agent's log.

use serde_json::{Value, json};

use super::*;
use crate::agent::AgentBy;
use crate::cluster::tests::cluster;
use crate::record::sample;

/// A Pod whose first container brings the agent, with a mesh's container next to it.
fn pod() -> Pod {
    let record = sample::chaincode();
    let mut pod = sample::pod(&record, AgentBy::Copy);
    pod.metadata.uid = Some("uid-of-pod".to_owned());
    let spec = pod.spec.as_mut().unwrap();
    spec.node_name = Some("n".to_owned());
    let mesh = json!({"name": "istio-proxy"});
    spec.containers.insert(0, serde_json::from_value(mesh).unwrap());
    pod.status =
        serde_json::from_value(json!({"phase": "Pending", "startTime": "2026-11-01T00:00:00Z"})).unwrap();
    pod
}

fn event(type_: &str, reason: &str, second: u32) -> Event {
    let time = format!("2026-11-01T00:00:{second:02}Z");
    serde_json::from_value(json!({
        "metadata": {}, "involvedObject": {}, "type": type_, "reason": reason, "message": "why", "lastTimestamp": time,
    }))
    .unwrap()
}

fn of(container: &str, event: Event) -> Event {
    let mut event = event;
    event.involved_object.field_path = Some(container.to_owned());
    event
}

#[test]
fn only_a_failure_that_nothing_has_followed_keeps_a_pod_waiting() {
    let mut events = vec![
        event("Normal", "Scheduled", 0),
        event("Warning", "FailedMount", 1),
    ];
    assert_eq!(failure(&pod(), &events).unwrap(), "FailedMount: why");
    events.insert(0, event("Normal", "Pulling", 1));
    assert_eq!(failure(&pod(), &events), None);
    assert_eq!(failure(&pod(), &[]), None);
}

/// The status of a Pod shows none of these causes: its volumes (Secrets and ConfigMaps, alone and projected,
/// and attached volumes), its sandbox with network and runtime class, and a runtime that does not answer.
#[test]
fn all_that_a_pod_can_wait_for_before_its_containers_has_its_cause() {
    for reason in [
        "FailedMount",
        "FailedMapVolume",
        "FailedAttachVolume",
        "FailedCreatePodSandBox",
        "FailedPodSandBoxStatus",
        "NetworkNotReady",
        "FailedPrepareDynamicResources",
        "FailedCreatePodContainer",
        "FailedSync",
    ] {
        let events = [event("Normal", "Scheduled", 0), event("Warning", reason, 1)];
        assert_eq!(failure(&pod(), &events), Some(format!("{reason}: why")));
    }
}

/// The kubelet repeats it whenever it looks at the Pod, also while the image's files are copied.
#[test]
fn a_warning_that_keeps_nothing_is_none() {
    for reason in [
        "DNSConfigForming",
        "FailedToRetrieveImagePullSecret",
        "MissingClusterDNS",
    ] {
        let mut events = vec![event("Normal", "Started", 1), event("Warning", reason, 2)];
        assert_eq!(failure(&pod(), &events), None, "{reason}");
        events.insert(0, event("Warning", "FailedMount", 2));
        assert_eq!(failure(&pod(), &events).unwrap(), "FailedMount: why");
    }
}

/// The init container is another's, and ours wait for it.
#[test]
fn an_image_that_is_not_pulled_again_yet_keeps_a_pod_waiting() {
    let mesh = "spec.initContainers{istio-init}";
    let events = [
        of(mesh, event("Warning", "Failed", 1)),
        of(mesh, event("Normal", "BackOff", 2)),
    ];
    assert_eq!(failure(&pod(), &events).unwrap(), "BackOff: why");
}

#[test]
fn a_container_that_has_started_and_upon_which_the_next_one_waits_has_a_hook_that_does_not_end() {
    for name in ["agent", "istio-proxy"] {
        let container = format!("spec.containers{{{name}}}");
        let mut events = vec![
            of(&container, event("Normal", "Pulled", 1)),
            of(&container, event("Normal", "Started", 2)),
        ];
        assert_eq!(
            failure(&pod(), &events).unwrap(),
            format!("container {name} has started, and its postStart hook does not end")
        );
        events.push(of("spec.containers{chaincode}", event("Normal", "Pulling", 2)));
        assert_eq!(failure(&pod(), &events), None, "{name}");
    }
    let init = of("spec.initContainers{keeper}", event("Normal", "Started", 2));
    assert_eq!(failure(&pod(), &[init]), None);
}

/// A mesh's readiness probe fails for as long as our large image is pulled.
#[test]
fn a_meshs_failures_are_none_of_ours() {
    let events = [
        of("spec.containers{chaincode}", event("Normal", "Pulling", 1)),
        of("spec.containers{istio-proxy}", event("Warning", "Unhealthy", 9)),
    ];
    assert_eq!(failure(&pod(), &events), None);
    assert_eq!(failure(&pod(), &events[1..]).unwrap(), "Unhealthy: why");
}

#[test]
fn an_agent_waits_until_it_says_otherwise() {
    let waits =
        "chainpod-agent: waiting for chainpod: cannot fetch input 0: io: Connection refused (os error 111)";
    let answers = "chainpod-agent: chainpod answers again";
    let program = "what a program writes";
    for (log, expected) in [
        (vec![], None),
        (vec![program], None),
        (
            vec![waits],
            Some("cannot fetch input 0: io: Connection refused (os error 111)"),
        ),
        (vec![waits, answers], None),
        (
            vec![waits, answers, waits, program],
            Some("cannot fetch input 0: io: Connection refused (os error 111)"),
        ),
        // An older agent reports the wait once, and not its end.
        (
            vec!["chainpod-agent: cannot fetch input 0, trying again: why"],
            None,
        ),
    ] {
        assert_eq!(complaint(&log.join("\r\n")), expected, "{log:?}");
    }
}

/// Returns the cause for a Pod with that status, where the API server answers `said` to a request for Events or a log.
async fn keeps(status: Value, has_node: bool, said: Value) -> Option<Cause> {
    let mut pod = pod();
    if !has_node {
        pod.spec.as_mut().unwrap().node_name = None;
    }
    pod.status = serde_json::from_value(status).unwrap();
    let pod = serde_json::to_value(&pod).unwrap();
    let (cluster, _) = cluster(move |_, line| {
        let is_pod = !line.contains("/log") && !line.contains("/events");
        (200, if is_pod { pod.clone() } else { said.clone() })
    });
    cluster.waits_for(&sample::chaincode().pod_name()).await.unwrap()
}

#[tokio::test]
async fn each_stage_of_a_pod_is_asked_of_whoever_knows() {
    let started = json!("2026-11-01T00:00:00Z");
    let state = |name: &str, state: &Value| json!({"name": name, "state": state, "image": "", "imageID": "", "ready": false, "restartCount": 0});
    let running =
        json!({"startTime": started, "containerStatuses": [state("chaincode", &json!({"running": {}}))]});
    let mut mount = serde_json::to_value(event("Warning", "FailedMount", 1)).unwrap();
    mount["metadata"] = json!({"name": "e"});
    let events = json!({"apiVersion": "v1", "kind": "EventList", "metadata": {}, "items": [mount]});
    let log = json!("chainpod-agent: waiting for chainpod: why\n");
    for (status, has_node, said, expected) in [
        (
            json!({}),
            false,
            json!(null),
            Some(Cause::Unschedulable(
                "scheduler default-scheduler has not tried to place it".to_owned(),
            )),
        ),
        (
            json!({"conditions": [{"type": "PodScheduled", "status": "False"}]}),
            false,
            json!(null),
            None,
        ),
        (
            json!({}),
            true,
            json!(null),
            Some(Cause::Blocked("no kubelet answers on node n".to_owned())),
        ),
        (
            json!({"startTime": started}),
            true,
            events,
            Some(Cause::Blocked("FailedMount: why".to_owned())),
        ),
        // The kubelet tries again: the Events of a try end within the second in which it begins.
        (
            json!({"startTime": started, "initContainerStatuses": [
                state("keeper", &json!({"waiting": {"reason": "PodInitializing"}})),
                state("mesh-init", &json!({"waiting": {"reason": "ErrImagePull", "message": "no mesh/init:nope"}})),
            ]}),
            true,
            json!({"apiVersion": "v1", "kind": "EventList", "metadata": {}, "items": []}),
            Some(Cause::Blocked(
                "init container mesh-init: ErrImagePull: no mesh/init:nope".to_owned(),
            )),
        ),
        (running.clone(), true, json!("what a program writes\n"), None),
        (running, true, log, Some(Cause::AgentWaits("why".to_owned()))),
    ] {
        assert_eq!(keeps(status.clone(), has_node, said).await, expected, "{status}");
    }
}
