//! From a Pod's status to what its container does. Our own container's status
//! is read, by name: the Pod's phase is also that of injected containers. The
//! phase counts only where it says `Failed`: then nothing of the Pod runs.

use engine::ports::{PodSeen, PodState};
use engine::{Cause, End};
use k8s_openapi::api::core::v1::{ContainerStateTerminated, ContainerStateWaiting, Pod, PodStatus};

use self::ending::{NODE_LOST, ending};
use crate::pod::{identity, own_container};

mod ending;

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
/// Reasons that say no more than the exit code.
const PLAIN: [&str; 2] = ["Completed", "Error"];
/// How runc says that a program cannot be executed.
const EXEC_ERROR: &str = "exec: \"";
/// Docker's exit code for a program that is not there.
const COMMAND_NOT_FOUND: i64 = 127;
/// Docker's exit code for one that cannot be executed.
const NOT_EXECUTABLE: i64 = 126;
/// The reason of an end for memory.
const OOM_KILLED: &str = "OOMKilled";
/// The exit code of what was killed from outside: 128 + SIGKILL.
const KILLED: i64 = 137;

/// What a Pod tells; none where it is not one of ours.
pub(crate) fn seen(pod: &Pod) -> Option<PodSeen> {
    let (agent, name) = identity(pod)?;
    Some(PodSeen {
        agent,
        pod: name,
        state: state(pod),
        ending: ending(pod),
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
        return ended(terminated, pod);
    }
    if status.phase.as_deref() == Some("Failed") || status.reason.as_deref() == Some(NODE_LOST) {
        return PodState::Ended {
            code: KILLED,
            end: ending(pod).unwrap_or(End::PodFailed(String::new())),
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

/// What the first container that waits says of that, or the scheduler.
pub(crate) fn waiting(status: &PodStatus) -> Option<String> {
    let containers = status.container_statuses.iter().flatten();
    let mut waiting = containers.filter_map(|container| container.state.as_ref()?.waiting.as_ref());
    let of_container = waiting
        .next()
        .map(|waiting| sentence(waiting.reason.as_deref(), waiting.message.as_deref()));
    of_container.or_else(|| match unscheduled(status)? {
        Cause::Unschedulable(message) => Some(message),
        _ => None,
    })
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
    let message = sentence(None, condition.message.as_deref());
    Some(Cause::Unschedulable(message))
}

fn ended(terminated: &ContainerStateTerminated, pod: &Pod) -> PodState {
    let reason = terminated
        .reason
        .as_deref()
        .filter(|reason| !PLAIN.contains(reason));
    let message = sentence(reason, terminated.message.as_deref());
    if reason.is_some_and(|reason| NEVER_RAN.contains(&reason)) {
        return PodState::Stuck(never_ran(message));
    }
    let end = match ending(pod) {
        // Memory is why, whoever deletes the Pod afterwards.
        None | Some(End::Deleted) if reason == Some(OOM_KILLED) => End::OutOfMemory,
        Some(end) => end,
        None if message.is_empty() => End::Itself,
        None => End::PodFailed(message),
    };
    PodState::Ended {
        code: terminated.exit_code.into(),
        end,
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

/// A reason and a message as a part of a sentence that goes on.
fn sentence(reason: Option<&str>, message: Option<&str>) -> String {
    let parts = [reason, message]
        .into_iter()
        .flatten()
        .map(|part| part.trim().trim_end_matches('.'))
        .filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests;
