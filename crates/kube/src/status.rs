//! From a Pod's status to what its container does. Our own container's status
//! is read, by name: the Pod's phase is also that of injected containers. The
//! phase counts only where it says `Failed`: then nothing of the Pod runs.

use engine::Cause;
use engine::ports::{PodSeen, PodState};
use k8s_openapi::api::core::v1::{ContainerStateTerminated, ContainerStateWaiting, Pod, PodStatus};

use crate::pod::{identity, own_container};

/// The first failure of an image's pull: the next try may succeed.
const PULL_FAILED: &str = "ErrImagePull";
/// Reasons of waiting for an image that will not come in the time that a start has.
const NO_IMAGE: [&str; 5] = [
    "ErrImageNeverPull",
    "ImageInspectError",
    "ImagePullBackOff",
    "InvalidImageName",
    "SignatureValidationFailed",
];
/// Reasons of a container that cannot be made or begun.
const NO_CONTAINER: [&str; 3] = [
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
];
/// The condition of a Pod that has a node, and its reason where none takes it.
const SCHEDULED: (&str, &str) = ("PodScheduled", "Unschedulable");
/// Reasons of an end before the program's first instruction.
const NEVER_RAN: [&str; 2] = ["ContainerCannotRun", "StartError"];
/// Reasons that say no more than the exit code. Of a program that failed the kubelet knows as little, but it is
/// read only where the agent could not speak: then its word is the only one.
const PLAIN: [&str; 1] = ["Completed"];
/// How runc says that a program cannot be executed.
const EXEC_ERROR: &str = "exec: \"";
/// Docker's exit code for a program that is not there.
const COMMAND_NOT_FOUND: i64 = 127;
/// Docker's exit code for one that cannot be executed.
const NOT_EXECUTABLE: i64 = 126;
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
            .and_then(|waiting| waits(own_image(pod), waiting))
            .map_or(PodState::Pending, PodState::Stuck),
        None => unscheduled(status).map_or(PodState::Pending, PodState::Stuck),
    }
}

/// Why a container of that image waits, where that may not pass.
pub(crate) fn waits(image: &str, waiting: &ContainerStateWaiting) -> Option<Cause> {
    let reason = waiting.reason.as_deref()?;
    if reason == PULL_FAILED || NO_IMAGE.contains(&reason) {
        return Some(Cause::Image {
            image: image.to_owned(),
            message: sentence(Some(reason), waiting.message.as_deref()),
            tried_again: reason == PULL_FAILED,
        });
    }
    let message = || sentence(Some(reason), waiting.message.as_deref());
    NO_CONTAINER
        .contains(&reason)
        .then(|| Cause::Container(message()))
}

fn own_image(pod: &Pod) -> &str {
    let mut containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    let own = containers.find(|container| Some(container.name.as_str()) == own_container(pod));
    own.and_then(|container| container.image.as_deref())
        .unwrap_or_default()
}

fn unscheduled(status: &PodStatus) -> Option<Cause> {
    let mut conditions = status.conditions.iter().flatten();
    let condition = conditions.find(|condition| {
        (condition.type_.as_str(), condition.reason.as_deref()) == (SCHEDULED.0, Some(SCHEDULED.1))
    })?;
    Some(Cause::Unschedulable(
        condition.message.clone().unwrap_or_default(),
    ))
}

fn ended(terminated: &ContainerStateTerminated, pod: &PodStatus) -> PodState {
    let reason = terminated
        .reason
        .as_deref()
        .filter(|reason| !PLAIN.contains(reason));
    let message = sentence(reason, terminated.message.as_deref());
    if reason.is_some_and(|reason| NEVER_RAN.contains(&reason)) {
        return PodState::Stuck(never_ran(message));
    }
    // An evicted Pod says why; its container only that it was killed.
    let why = sentence(pod.reason.as_deref(), pod.message.as_deref());
    PodState::Ended {
        code: terminated.exit_code.into(),
        oom_killed: reason == Some(OOM_KILLED),
        message: if why.is_empty() { message } else { why },
    }
}

/// What the runtime says of a program that it cannot execute is Docker's text too, which runc has made.
fn never_ran(message: String) -> Cause {
    if !message.contains(EXEC_ERROR) {
        return Cause::Container(message);
    }
    let found = !(message.contains("not found") || message.contains("no such file"));
    Cause::Command {
        message,
        code: if found { NOT_EXECUTABLE } else { COMMAND_NOT_FOUND },
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
    use serde_json::{Value, json};

    fn pod(status: Value) -> Pod {
        let record = sample::chaincode();
        let launch = sample::launch(&record);
        let mut pod = crate::pod::build(
            &launch,
            &config(),
            crate::agent_volume::AgentBy::Mount,
            &rules::PodFields::default(),
        );
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
        let container = |text: &str| PodState::Stuck(Cause::Container(text.to_owned()));
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
                container("CreateContainerConfigError: secret \"s\" not found"),
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
                container("StartError: exec: no such file"),
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
