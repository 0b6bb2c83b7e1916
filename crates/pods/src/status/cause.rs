//! Finds the cause for which a container of chainpod does not start, from the kubelet's report and the
//! container's role.

use agent_protocol::exit_code::{NOT_EXECUTABLE, NOT_FOUND};
use engine::{Cause, Outlook};
use k8s_openapi::api::core::v1::{ContainerState, ContainerStateTerminated, ContainerStateWaiting, Pod};

use super::{PLAIN, sentence};
use crate::agent::learn::is_about_agent;
use crate::own_containers::{Part, Role, mounted_image, parts, program};

/// Reasons of waiting that pass without help: the container will start.
pub(super) const COMES: [&str; 2] = ["ContainerCreating", "PodInitializing"];
/// The reasons of a first failed pull: the next try may succeed.
const PULL_FAILED: [&str; 2] = ["ErrImagePull", "RegistryUnavailable"];
/// Reasons of waiting for an image that will not arrive in the time that a start has.
const NO_IMAGE: [&str; 5] = [
    "ErrImageNeverPull",
    "ImageInspectError",
    "ImagePullBackOff",
    "InvalidImageName",
    "SignatureValidationFailed",
];
/// Parts of the kubelet's and the runtime's messages that name something definite: an object, a key, a file or
/// a setting. All other messages may be those of a busy node.
const DEFINITE: [&str; 8] = [
    " not found",
    "couldn't find key",
    "no such file or directory",
    "not a directory",
    "denied",
    "not permitted",
    "invalid",
    "runAsNonRoot",
];
/// Reasons of an end before the program's first instruction.
const NEVER_RAN: [&str; 2] = ["ContainerCannotRun", "StartError"];
/// A part of runc's message about a program that cannot be executed.
const EXEC_ERROR: &str = "exec: \"";
/// The default parts of an image's name, which users omit and runtimes add.
const DEFAULT_REGISTRY: [&str; 2] = ["docker.io/", "library/"];

/// Returns the cause for which `pod` does not run its program, from the first of our containers that makes
/// no progress. `is_ending` is true if the whole Pod is being ended.
pub(super) fn stuck(pod: &Pod, is_ending: bool) -> Option<Cause> {
    let program = program(pod).and_then(|program| program.state());
    if program.is_some_and(has_run) {
        return None;
    }
    parts(pod).find_map(|part| {
        let state = part.state()?;
        if let Some(waiting) = &state.waiting {
            return waits(
                pod,
                part,
                waiting,
                program.is_some_and(|state| state.terminated.is_some()),
            );
        }
        let ended = state.terminated.as_ref()?;
        match part.role {
            _ if never_ran(ended) => Some(unexecuted(pod, part, words(ended))),
            Role::Agent | Role::Keeper if ended.exit_code != 0 && !is_ending => Some(failed(part, ended)),
            _ => None,
        }
    })
}

/// Returns the kubelet's report on the first init container of another system that cannot start: chainpod's
/// containers wait for it.
pub(crate) fn waits_for_other(pod: &Pod) -> Option<String> {
    let statuses = pod.status.as_ref()?.init_container_statuses.iter().flatten();
    let mut others = statuses.filter(|status| parts(pod).all(|part| part.name() != status.name));
    others.find_map(|status| {
        let waiting = status.state.as_ref()?.waiting.as_ref()?;
        let reason = waiting
            .reason
            .as_deref()
            .filter(|reason| !COMES.contains(reason))?;
        let message = sentence(Some(reason), waiting.message.as_deref());
        Some(format!("init container {}: {message}", status.name))
    })
}

/// Returns true if a container in that state has run its program.
fn has_run(state: &ContainerState) -> bool {
    let ended = state.terminated.as_ref();
    state.running.is_some() || ended.is_some_and(|ended| !never_ran(ended))
}

/// Returns true if a container ended before its program's first instruction.
pub(super) fn never_ran(ended: &ContainerStateTerminated) -> bool {
    let reason = ended.reason.as_deref();
    reason.is_some_and(|reason| NEVER_RAN.contains(&reason))
}

/// Returns the cause for which the container waits, if the cause may last. `too_late` is true if the program
/// was tried without waiting for it.
fn waits(pod: &Pod, part: Part<'_>, waiting: &ContainerStateWaiting, too_late: bool) -> Option<Cause> {
    let reason = waiting
        .reason
        .as_deref()
        .filter(|reason| !COMES.contains(reason))?;
    let message = sentence(Some(reason), waiting.message.as_deref());
    let Some(tried_again) = pull(reason) else {
        return Some(unmade(pod, part, message));
    };
    let own = part.image().to_owned();
    Some(match agents_image(pod, part, &message) {
        Some(image) => Cause::AgentImage {
            image,
            message,
            tried_again: tried_again && !too_late,
        },
        None => Cause::Image {
            image: own,
            message,
            tried_again,
        },
    })
}

/// Returns `Some` if the reason is about an image that cannot be pulled. The value is true if the next try
/// may succeed.
pub(super) fn pull(reason: &str) -> Option<bool> {
    match reason {
        reason if PULL_FAILED.contains(&reason) => Some(true),
        reason => NO_IMAGE.contains(&reason).then_some(false),
    }
}

/// Returns the agent's image if the message is about this image. It is also pulled for containers that mount
/// it, and the kubelet's messages about the two pulls are the same. If the name of one image begins with the
/// name of the other, the longer name is used.
fn agents_image(pod: &Pod, part: Part<'_>, message: &str) -> Option<String> {
    let own = part.image();
    if part.role == Role::Agent {
        return Some(own.to_owned());
    }
    let mounted = mounted_image(pod).filter(|_| part.has_agent())?;
    let names = |image: &str| message.contains(short(image));
    let is_meant = names(mounted) && (!names(own) || short(mounted).len() > short(own).len());
    is_meant.then(|| mounted.to_owned())
}

/// Returns an image's name without the default registry.
fn short(image: &str) -> &str {
    let strip = |image, prefix: &&str| str::strip_prefix(image, *prefix).unwrap_or(image);
    DEFAULT_REGISTRY.iter().fold(image, strip)
}

/// Returns the cause for a container that cannot be created or started. The kubelet tries again.
fn unmade(pod: &Pod, part: Part<'_>, message: String) -> Cause {
    match lacks_agent(pod, part, &message) {
        true => Cause::Agent(message),
        false => Cause::Container {
            outlook: outlook(&message),
            message,
        },
    }
}

/// Returns the chance that the kubelet's next attempt succeeds where this message was the last one.
fn outlook(message: &str) -> Outlook {
    match DEFINITE.iter().any(|part| message.contains(part)) {
        true => Outlook::Poor,
        false => Outlook::Good,
    }
}

/// Returns the cause for a container whose program cannot be executed. The runtime's message is Docker's
/// text, because both come from runc.
fn unexecuted(pod: &Pod, part: Part<'_>, message: String) -> Cause {
    if lacks_agent(pod, part, &message) {
        return Cause::Agent(message);
    }
    if part.role != Role::Program || !message.contains(EXEC_ERROR) {
        return Cause::Container {
            message,
            outlook: Outlook::None,
        };
    }
    let found = !(message.contains("not found") || message.contains("no such file"));
    Cause::Command {
        message,
        code: if found { NOT_EXECUTABLE } else { NOT_FOUND },
    }
}

/// Returns true if it cannot begin because the agent is not in it.
fn lacks_agent(pod: &Pod, part: Part<'_>, message: &str) -> bool {
    part.role == Role::Agent || (part.has_agent() && is_about_agent(message, mounted_image(pod).is_some()))
}

/// Returns the cause for a container of chainpod whose work has failed.
fn failed(part: Part<'_>, ended: &ContainerStateTerminated) -> Cause {
    let why = match words(ended) {
        why if why.is_empty() => format!("it exited with code {}", ended.exit_code),
        why => why,
    };
    let message = format!("container {}: {why}", part.name());
    match part.role {
        Role::Agent => Cause::Agent(message),
        Role::Keeper | Role::Program => Cause::Files(message),
    }
}

/// Returns the kubelet's reason and message for an end, or an empty string if there is only the exit code.
pub(super) fn words(ended: &ContainerStateTerminated) -> String {
    let reason = ended.reason.as_deref().filter(|reason| !PLAIN.contains(reason));
    sentence(reason, ended.message.as_deref())
}
