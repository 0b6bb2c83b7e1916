//! THE walk: every report of a kubelet about a container that does not start, for each of our containers, in
//! each shape of a Pod, with the cause of the failed start. A mesh's containers are in each Pod, too.

use engine::Cause;
use serde_json::{Value, json};

use super::*;
use crate::agent::{AgentBy, AgentVolumes};
use crate::config::AgentVolume;
use crate::record::sample;

/// The program's image.
const BASE: &str = "hyperledger/fabric-baseos:2.5";
/// The agent's image.
const AGENT_IMAGE: &str = "chainpod:0.1";

/// A shape, and our containers in it, in the order in which they start.
type Shape = (&'static str, &'static [&'static str]);

const SHAPES: [Shape; 5] = [
    ("plain", &["chaincode"]),
    ("mounted", &["chaincode"]),
    ("mounted, files kept", &["keeper", "chaincode"]),
    ("copied", &["agent", "chaincode"]),
    ("copied, files kept", &["agent", "keeper", "chaincode"]),
];

/// A state that the kubelet reports, and its cause for each container: the one that brings the agent, the
/// one that keeps the image's files, and the program's. If the program has ended, there is no cause for it.
struct Row {
    state: Value,
    causes: [&'static str; 3],
}

fn waiting(reason: &str, message: &str, causes: [&'static str; 3]) -> Row {
    Row {
        state: json!({"waiting": {"reason": reason, "message": message}}),
        causes,
    }
}

fn ended(reason: &str, code: i64, message: &str, causes: [&'static str; 3]) -> Row {
    Row {
        state: json!({"terminated": {"reason": reason, "exitCode": code, "message": message}}),
        causes,
    }
}

const PULL: [&str; 3] = ["AgentMissing", "ImagePullFailed", "ImagePullFailed"];
const MAKE: [&str; 3] = ["AgentMissing", "ContainerFailed", "ContainerFailed"];

fn rows() -> Vec<Row> {
    let pulls = [
        "ErrImageNeverPull",
        "ErrImagePull",
        "ImageInspectError",
        "ImagePullBackOff",
        "InvalidImageName",
        "RegistryUnavailable",
        "SignatureValidationFailed",
    ];
    let makes = [
        "CreateContainerConfigError",
        "CreateContainerError",
        "PostStartHookError",
        "PreCreateHookError",
        "PreStartHookError",
        "RunContainerError",
        // The kubelet uses an error's text as a reason.
        "cannot read the credentials of the image",
    ];
    let pulls = pulls.map(|reason| waiting(reason, "why", PULL));
    let makes = makes.map(|reason| waiting(reason, "why", MAKE));
    let ends = [
        ended("StartError", 128, "why", MAKE),
        ended("ContainerCannotRun", 128, "why", MAKE),
        ended("Error", 125, "why", ["AgentMissing", "FilesMissing", ""]),
        ended("Error", 137, "", ["AgentMissing", "FilesMissing", ""]),
        ended("OOMKilled", 137, "", ["AgentMissing", "FilesMissing", ""]),
    ];
    pulls.into_iter().chain(makes).chain(ends).collect()
}

/// Returns the Pod of a container in that shape.
fn pod(shape: &str) -> Pod {
    let mut record = sample::chaincode();
    if shape == "plain" {
        record.container.image.overlay = None;
        record.container.uploads.clear();
    } else if shape.ends_with("files kept") {
        let overlay = record.container.image.overlay.as_mut().unwrap();
        overlay.directories.push("/etc".to_owned());
    }
    let by = match shape.starts_with("copied") {
        true => AgentBy::Copy,
        false => AgentBy::Mount,
    };
    let mut pod = sample::pod(&record, by);
    pod.spec.as_mut().unwrap().node_name = Some("n".to_owned());
    pod
}

/// Returns `pod` after the containers before that one have done their work.
fn with(mut pod: Pod, part: &str, state: &Value) -> Pod {
    let spec = pod.spec.clone().unwrap();
    let of = |containers: Vec<k8s_openapi::api::core::v1::Container>, is_init: bool| -> Vec<Value> {
        let mut is_before = true;
        let statuses = containers.into_iter().map(|container| {
            is_before &= container.name != part;
            let state = match (container.name == part, is_before, is_init) {
                (true, ..) => state.clone(),
                (_, true, true) => json!({"terminated": {"exitCode": 0, "reason": "Completed"}}),
                (_, true, false) => json!({"running": {}}),
                (_, false, _) => json!({"waiting": {"reason": "PodInitializing"}}),
            };
            status(&container.name, &state)
        });
        statuses.collect()
    };
    let own_init = spec.init_containers.unwrap_or_default();
    let is_before_init = own_init.iter().all(|container| container.name != part);
    let init = [
        vec![status("istio-init", &json!({"terminated": {"exitCode": 0}}))],
        of(own_init, true),
    ];
    let own = match is_before_init {
        true => of(spec.containers, false),
        false => {
            let names = spec.containers.iter().map(|container| &container.name);
            let waiting = json!({"waiting": {"reason": "PodInitializing"}});
            names.map(|name| status(name, &waiting)).collect()
        }
    };
    let mesh = json!({"waiting": {"reason": "ImagePullBackOff", "message": "the mesh's"}});
    let all = [vec![status("istio-proxy", &mesh)], own].concat();
    pod.status = serde_json::from_value(
        json!({"phase": "Pending", "initContainerStatuses": init.concat(), "containerStatuses": all}),
    )
    .unwrap();
    pod
}

fn status(name: &str, state: &Value) -> Value {
    json!({"name": name, "state": state, "image": "", "imageID": "", "ready": false, "restartCount": 0})
}

/// Returns the state that the engine gets if the operator has chosen the shape.
fn told(pod: &Pod) -> PodState {
    let learned = AgentVolumes::new(AgentVolume::Image).learn(pod);
    learned.unwrap_or_else(|| seen(pod).unwrap().state)
}

/// Returns the name of the cause, and its sentence.
fn cause(pod: &Pod) -> (&'static str, String) {
    let record = sample::chaincode();
    match told(pod) {
        PodState::Stuck(cause) => (
            cause.name(),
            Cause::sentence(&cause, &record.container, &record.pod_name()),
        ),
        state => ("", format!("{state:?}")),
    }
}

#[test]
fn all_that_a_container_of_ours_can_wait_for_has_its_cause_in_each_shape() {
    let mut wrong = Vec::new();
    for (shape, parts) in SHAPES {
        for part in parts {
            for row in rows() {
                let expected = row.causes[["agent", "keeper", "chaincode"]
                    .iter()
                    .position(|name| name == part)
                    .unwrap()];
                let (name, sentence) = cause(&with(pod(shape), part, &row.state));
                let image = if *part == "agent" { AGENT_IMAGE } else { BASE };
                let names_it = expected != "ImagePullFailed" || sentence.contains(image);
                if name != expected || !names_it || sentence.contains("mesh") {
                    wrong.push(format!(
                        "{shape}, {part}, {}: {expected:?} is expected, not {name:?}: {sentence}",
                        row.state
                    ));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// The image of an image volume is pulled for the first container that mounts it, whose own image may be
/// there.
#[test]
fn an_agent_image_that_cannot_be_pulled_is_named_in_each_shape_and_no_other_is() {
    let backoff = |image: &str| {
        json!({"waiting": {"reason": "ImagePullBackOff", "message":
        format!("Back-off pulling image {image:?}: ErrImagePull: failed to resolve reference \"docker.io/library/{image}\": not found")}})
    };
    for (shape, parts) in &SHAPES[1..] {
        let (name, sentence) = cause(&with(pod(shape), parts[0], &backoff(AGENT_IMAGE)));
        assert_eq!(name, "AgentMissing", "{shape}: {sentence}");
        assert!(
            sentence.contains(AGENT_IMAGE) && sentence.contains("not found") && !sentence.contains(BASE),
            "{shape}: {sentence}"
        );
    }
    for (shape, parts) in SHAPES {
        let part = parts.last().unwrap();
        let (name, sentence) = cause(&with(pod(shape), part, &backoff(BASE)));
        assert_eq!(name, "ImagePullFailed", "{shape}: {sentence}");
    }
}

/// The agent's file is not at the place where the first container should have put it.
#[test]
fn a_program_whose_agent_is_not_there_is_not_told_as_one_that_its_image_lacks() {
    let message =
        "exec: \"/.chainpod/chainpod-agent\": stat /.chainpod/chainpod-agent: no such file or directory";
    let state = json!({"terminated": {"reason": "StartError", "exitCode": 128, "message": message}});
    for (shape, parts) in &SHAPES[1..] {
        let (name, sentence) = cause(&with(pod(shape), parts.last().unwrap(), &state));
        assert_eq!(name, "AgentMissing", "{shape}: {sentence}");
    }
    // The container that copies it has failed, and the next one was started nevertheless.
    let mut copied = with(pod("copied"), "chaincode", &state);
    let statuses = copied
        .status
        .as_mut()
        .unwrap()
        .container_statuses
        .as_mut()
        .unwrap();
    let agent = statuses.iter_mut().find(|status| status.name == "agent").unwrap();
    let failed = json!({"terminated": {"reason": "Error", "exitCode": 137, "message": "cannot install it: No space left on device"}});
    agent.state = serde_json::from_value(failed).unwrap();
    let (name, sentence) = cause(&copied);
    assert_eq!(name, "AgentMissing");
    assert!(sentence.contains("No space left on device"), "{sentence}");
}

#[test]
fn what_ends_the_pod_before_its_program_is_not_the_fault_of_what_prepares_it() {
    let state = json!({"terminated": {"reason": "Error", "exitCode": 137}});
    for (shape, part) in [
        ("mounted, files kept", "keeper"),
        ("copied", "agent"),
        ("copied, files kept", "agent"),
    ] {
        let mut evicted = with(pod(shape), part, &state);
        let status = evicted.status.as_mut().unwrap();
        status.phase = Some("Failed".to_owned());
        status.reason = Some("Evicted".to_owned());
        let expected = PodState::Ended {
            code: 137,
            end: End::Evicted(String::new()),
        };
        assert_eq!(told(&evicted), expected, "{shape}");
    }
}

/// The container that copied the agent ends with the program.
#[test]
fn a_program_that_has_run_has_ended_whatever_became_of_what_stood_beside_it() {
    let mut pod = with(
        pod("copied"),
        "chaincode",
        &json!({"terminated": {"reason": "Error", "exitCode": 3}}),
    );
    let statuses = pod.status.as_mut().unwrap().container_statuses.as_mut().unwrap();
    let agent = statuses.iter_mut().find(|status| status.name == "agent").unwrap();
    agent.state =
        serde_json::from_value(json!({"terminated": {"reason": "Error", "exitCode": 137}})).unwrap();
    let expected = PodState::Ended {
        code: 3,
        end: End::Itself,
    };
    assert_eq!(told(&pod), expected);
}

#[test]
fn a_pod_that_gets_on_has_no_cause() {
    for (shape, parts) in SHAPES {
        for part in parts {
            for reason in ["ContainerCreating", "PodInitializing"] {
                let state = json!({"waiting": {"reason": reason}});
                assert_eq!(
                    told(&with(pod(shape), part, &state)),
                    PodState::Pending,
                    "{shape}, {part}"
                );
            }
        }
    }
}

/// Scheduling gates are used by Kueue and similar tools. The shape does not matter without a node.
#[test]
fn a_pod_without_a_node_has_its_cause_whatever_keeps_it_from_one() {
    for reason in ["Unschedulable", "SchedulingGated", "SchedulerError"] {
        let mut gated = pod("mounted");
        gated.status = serde_json::from_value(json!({"phase": "Pending", "conditions": [
            {"type": "PodScheduled", "status": "False", "reason": reason, "message": "why"}
        ]}))
        .unwrap();
        assert_eq!(
            told(&gated),
            PodState::Stuck(Cause::Unschedulable("why".to_owned())),
            "{reason}"
        );
    }
}
