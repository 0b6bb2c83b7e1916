//! From a Pod's status to what its container does. Our own container's status
//! is read, by name: the Pod's phase is also that of injected containers. The
//! phase counts only where it says `Failed`: then nothing of the Pod runs.

use engine::ports::{PodSeen, PodState};
use k8s_openapi::api::core::v1::{ContainerStateTerminated, ContainerStateWaiting, Pod, PodStatus};

use crate::pod::{identity, own_container};

/// Reasons of waiting that do not go away by themselves in the time that a start has.
const STUCK: [&str; 9] = [
    "CreateContainerConfigError",
    "CreateContainerError",
    "ErrImageNeverPull",
    "ErrImagePull",
    "ImageInspectError",
    "ImagePullBackOff",
    "InvalidImageName",
    "RunContainerError",
    "SignatureValidationFailed",
];
/// Reasons of an end before the program's first instruction.
const NEVER_RAN: [&str; 2] = ["ContainerCannotRun", "StartError"];
/// Reasons that say no more than the exit code. Of a program that failed the kubelet knows as little, but it is
/// read only where the agent could not speak: then its word is the only one.
const PLAIN: [&str; 1] = ["Completed"];
/// The reason of an end for memory.
const OOM_KILLED: &str = "OOMKilled";
/// The Pod's reason when its node is not heard of any more.
const NODE_LOST: &str = "NodeLost";
/// The exit code of what was killed from outside: 128 + SIGKILL.
const KILLED: i64 = 137;

/// What a Pod tells; none where it is not one of ours.
pub(crate) fn seen(pod: &Pod) -> Option<PodSeen> {
    let (agent, name) = identity(pod)?;
    Some(PodSeen {
        agent,
        pod: name,
        state: state(pod),
    })
}

fn state(pod: &Pod) -> PodState {
    let Some(status) = &pod.status else {
        return PodState::Pending;
    };
    let own = own_container(pod);
    let mut statuses = status.container_statuses.iter().flatten();
    let container = statuses.find(|status| Some(status.name.as_str()) == own);
    let current = container.and_then(|container| container.state.as_ref());
    if let Some(terminated) = current.and_then(|state| state.terminated.as_ref()) {
        return ended(terminated, status);
    }
    if status.phase.as_deref() == Some("Failed") || status.reason.as_deref() == Some(NODE_LOST) {
        let message = sentence(status.reason.as_deref(), status.message.as_deref());
        return PodState::Ended {
            code: KILLED,
            oom_killed: false,
            message,
        };
    }
    match current {
        Some(state) if state.running.is_some() => PodState::Running,
        Some(state) => state
            .waiting
            .as_ref()
            .map_or(PodState::Pending, |waiting| waits(pod, waiting)),
        None => PodState::Pending,
    }
}

fn waits(pod: &Pod, waiting: &ContainerStateWaiting) -> PodState {
    let reason = waiting.reason.as_deref().unwrap_or_default();
    if !STUCK.contains(&reason) {
        return PodState::Pending;
    }
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    let own = containers.filter(|container| Some(container.name.as_str()) == own_container(pod));
    let image = own
        .filter_map(|container| container.image.as_deref())
        .next()
        .unwrap_or_default();
    let message = waiting
        .message
        .clone()
        .unwrap_or_else(|| format!("image {image}"));
    PodState::Stuck(sentence(Some(reason), Some(&message)))
}

fn ended(terminated: &ContainerStateTerminated, pod: &PodStatus) -> PodState {
    let reason = terminated
        .reason
        .as_deref()
        .filter(|reason| !PLAIN.contains(reason));
    let message = sentence(reason, terminated.message.as_deref());
    if reason.is_some_and(|reason| NEVER_RAN.contains(&reason)) {
        return PodState::Stuck(message);
    }
    // An evicted Pod says why; its container only that it was killed.
    let why = sentence(pod.reason.as_deref(), pod.message.as_deref());
    PodState::Ended {
        code: terminated.exit_code.into(),
        oom_killed: reason == Some(OOM_KILLED),
        message: if why.is_empty() { message } else { why },
    }
}

fn sentence(reason: Option<&str>, message: Option<&str>) -> String {
    let parts = [reason, message]
        .into_iter()
        .flatten()
        .map(str::trim)
        .filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::tests::config;
    use crate::record::sample;
    use engine::process::Launch;
    use serde_json::{Value, json};

    fn pod(status: Value) -> Pod {
        let record = sample::chaincode();
        let launch = Launch::of(&record, "https://chainpod:8443").unwrap();
        let mut pod = crate::pod::build(&launch, &config(), crate::agent_volume::AgentBy::Mount);
        pod.status = serde_json::from_value(status).unwrap();
        pod
    }

    fn own(state: &Value) -> Value {
        let sidecar = json!({"running": {"startedAt": "2026-11-01T00:00:00Z"}});
        let status = |name: &str, state: &Value| json!({"name": name, "state": state, "image": "", "imageID": "", "ready": false, "restartCount": 0});
        json!({"phase": "Running", "containerStatuses": [status("istio-proxy", &sidecar), status("chaincode", state)]})
    }

    fn end(code: i64, oom_killed: bool, message: &str) -> PodState {
        PodState::Ended {
            code,
            oom_killed,
            message: message.to_owned(),
        }
    }

    #[test]
    fn the_own_containers_status_is_the_state() {
        let stuck = |text: &str| PodState::Stuck(text.to_owned());
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
                stuck("ImagePullBackOff: Back-off pulling image \"x\""),
            ),
            (
                own(&json!({"waiting": {"reason": "ErrImagePull"}})),
                stuck("ErrImagePull: image hyperledger/fabric-baseos:2.5"),
            ),
            (own(&json!({"running": {}})), PodState::Running),
            (
                own(&json!({"terminated": {"exitCode": 0, "reason": "Completed"}})),
                end(0, false, ""),
            ),
            (
                own(&json!({"terminated": {"exitCode": 3, "reason": "Error"}})),
                end(3, false, "Error"),
            ),
            (
                own(&json!({"terminated": {"exitCode": 137, "reason": "OOMKilled"}})),
                end(137, true, "OOMKilled"),
            ),
            (
                own(
                    &json!({"terminated": {"exitCode": 128, "reason": "StartError", "message": "exec: no such file"}}),
                ),
                stuck("StartError: exec: no such file"),
            ),
            (
                json!({"phase": "Failed", "reason": "Evicted", "message": "The node was low on memory."}),
                end(137, false, "Evicted: The node was low on memory."),
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
        assert_eq!(seen(&pod(status)).unwrap().state, end(143, false, "Evicted"));
    }

    #[test]
    fn a_lost_nodes_container_has_ended_whatever_it_said_last() {
        let mut status = own(&json!({"running": {}}));
        status["reason"] = json!("NodeLost");
        assert_eq!(seen(&pod(status)).unwrap().state, end(137, false, "NodeLost"));
    }
}
