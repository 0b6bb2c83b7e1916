//! From a Pod's status to what its container does. Our own containers' status is read, by name: the Pod's phase is
//! also that of injected ones. The phase counts only where it says `Failed`: then nothing of the Pod runs.

use engine::ports::{PodSeen, PodState};
use engine::{Cause, End};
use k8s_openapi::api::core::v1::{ContainerStateTerminated, ContainerStateWaiting, Pod, PodStatus};

use self::ending::{NODE_LOST, ending};
use self::parts::{parts, program};
use self::waits::{COMES, pull, stuck, words};
use crate::pod::identity;

mod ending;
pub(crate) mod parts;
mod waits;

/// The condition of a Pod that has a node, once it has one.
const SCHEDULED: &str = "PodScheduled";
/// Reasons that say no more than the exit code.
const PLAIN: [&str; 2] = ["Completed", "Error"];
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
    let ending = ending(pod);
    if let Some(cause) = stuck(pod, ending.is_some()) {
        return PodState::Stuck(cause);
    }
    let current = program(pod).and_then(|program| program.state());
    if let Some(terminated) = current.and_then(|state| state.terminated.as_ref()) {
        return ended(terminated, ending);
    }
    if status.phase.as_deref() == Some("Failed") || status.reason.as_deref() == Some(NODE_LOST) {
        return PodState::Ended {
            code: KILLED,
            end: ending.unwrap_or(End::PodFailed(String::new())),
        };
    }
    match current {
        Some(state) if state.running.is_some() => PodState::Running,
        Some(_) => PodState::Pending,
        None => unscheduled(status).map_or(PodState::Pending, PodState::Stuck),
    }
}

/// What the first container that waits says of that, or the scheduler.
pub(crate) fn waiting(status: &PodStatus) -> Option<String> {
    let said =
        first_waiting(status).map(|waiting| sentence(waiting.reason.as_deref(), waiting.message.as_deref()));
    said.or_else(|| match unscheduled(status)? {
        Cause::Unschedulable(message) => Some(message),
        _ => None,
    })
}

/// Returns some if the first container that waits does so for an image that cannot be pulled, with true if the next try may
/// succeed.
pub(crate) fn waits_for_image(status: &PodStatus) -> Option<bool> {
    pull(first_waiting(status)?.reason.as_deref()?)
}

fn first_waiting(status: &PodStatus) -> Option<&ContainerStateWaiting> {
    let containers = status.container_statuses.iter().flatten();
    let mut waiting = containers.filter_map(|container| container.state.as_ref()?.waiting.as_ref());
    waiting.next()
}

/// The reason in a word that a container of ours waits for, if any does: what keeps it counts more than what will come.
pub(crate) fn waiting_reason(pod: &Pod) -> Option<&str> {
    let reasons = || parts(pod).filter_map(|part| part.state()?.waiting.as_ref()?.reason.as_deref());
    reasons()
        .find(|reason| !COMES.contains(reason))
        .or_else(|| reasons().last())
}

/// Returns true if a scheduler has reported on the Pod.
pub(crate) fn is_looked_at(status: &PodStatus) -> bool {
    let mut conditions = status.conditions.iter().flatten();
    conditions.any(|condition| condition.type_ == SCHEDULED)
}

/// No node, whatever the reason: none fits, or the scheduler may not look for one.
fn unscheduled(status: &PodStatus) -> Option<Cause> {
    let mut conditions = status.conditions.iter().flatten();
    let condition = conditions
        .find(|condition| (condition.type_.as_str(), condition.status.as_str()) == (SCHEDULED, "False"))?;
    let message = sentence(None, condition.message.as_deref());
    Some(Cause::Unschedulable(message))
}

fn ended(terminated: &ContainerStateTerminated, ending: Option<End>) -> PodState {
    let end = match ending {
        // Memory is why, whoever deletes the Pod afterwards.
        None | Some(End::Deleted) if terminated.reason.as_deref() == Some(OOM_KILLED) => End::OutOfMemory,
        Some(end) => end,
        None => match words(terminated) {
            why if why.is_empty() => End::Itself,
            why => End::PodFailed(why),
        },
    };
    PodState::Ended {
        code: terminated.exit_code.into(),
        end,
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
#[cfg(test)]
mod walk;
