//! The state of a container, derived from its Pod's status. Only the status of our own containers is read,
//! by name, because the Pod's phase depends on injected ones, too. The phase counts only if it is `Failed`:
//! then nothing of the Pod runs.

use agent_protocol::exit_code::KILLED;
use engine::ports::{PodSeen, PodState};
use engine::{Cause, End};
use k8s_openapi::api::core::v1::{ContainerStateTerminated, ContainerStateWaiting, Pod, PodStatus};

pub(crate) use self::cause::waits_for_other;
use self::cause::{COMES, pull, stuck, words};
use self::ending::{NODE_LOST, ending};
use crate::own_containers::{identity, parts, program};

mod cause;
mod ending;

/// The condition that shows if the Pod has a node.
const SCHEDULED: &str = "PodScheduled";
/// Reasons that add nothing to the exit code.
const PLAIN: [&str; 2] = ["Completed", "Error"];
/// The reason of an end because memory ran out.
const OOM_KILLED: &str = "OOMKilled";

/// Returns the Pod's state for the engine, or `None` if the Pod is not one of ours.
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

/// Returns the reason and message of the first container that waits, or else the scheduler's message.
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

/// Returns the reason, one word, for which a container of ours waits, if any does. A reason that may keep it
/// waiting counts more than one that passes.
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

/// Returns the cause if the Pod has no node, whatever the reason: no node fits, or the scheduler may not
/// look for one.
fn unscheduled(status: &PodStatus) -> Option<Cause> {
    let mut conditions = status.conditions.iter().flatten();
    let condition = conditions
        .find(|condition| (condition.type_.as_str(), condition.status.as_str()) == (SCHEDULED, "False"))?;
    let message = sentence(None, condition.message.as_deref());
    Some(Cause::Unschedulable(message))
}

fn ended(terminated: &ContainerStateTerminated, ending: Option<End>) -> PodState {
    let end = match ending {
        // Memory is the cause, even if the Pod is deleted afterwards.
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

/// Joins a reason and a message, without the full stop, so that a sentence can go on after them.
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
