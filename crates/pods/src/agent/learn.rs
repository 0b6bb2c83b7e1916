//! The knowledge about nodes that comes from their Pods: does a node mount the agent's image? chainpod reads no
//! node objects, so it learns that by trying.

use agent_protocol::AGENT_DIR;
use engine::ports::PodState;
use k8s_openapi::api::core::v1::{ContainerState, Pod};

use super::choice::{AgentVolumes, Node};
use crate::own_containers::{Part, mounted_image, parts};

/// The runtime's reasons for a container that could not be created or started.
const FAILED: [&str; 4] = [
    "ContainerCannotRun",
    "CreateContainerError",
    "RunContainerError",
    "StartError",
];
/// Parts of the runtime's message if the mounted image is the cause, besides the path of the volume: the
/// message of containerd 1 about a volume type that it does not know, and those of the kubelet and cri-o.
const CAUSES: [&str; 2] = ["failed to mkdir", "image volume"];

impl AgentVolumes {
    /// Records whether the Pod's node mounts image volumes. Returns `NoAgent` if the node cannot mount the
    /// agent's image.
    pub(crate) fn learn(&self, pod: &Pod) -> Option<PodState> {
        let spec = pod.spec.as_ref()?;
        let node = spec.node_name.as_ref()?;
        if !self.is_auto() {
            return None;
        }
        let mut learned = self.learned();
        if mounted_image(pod).is_none() {
            learned.nodes.entry(node.clone()).or_insert(Node::Untried);
            return None;
        }
        match mounted(pod) {
            Some(Ok(())) => {
                learned.nodes.insert(node.clone(), Node::Mounts);
                None
            }
            Some(Err(reason)) => {
                learned.nodes.insert(node.clone(), Node::Fails);
                Some(PodState::NoAgent(reason))
            }
            None if learned.nodes.get(node) == Some(&Node::Fails) => Some(PodState::NoAgent(format!(
                "node {node} does not mount image volumes"
            ))),
            None => None,
        }
    }
}

/// Returns true if the runtime's message says that a container cannot run because the agent is not in it.
pub(crate) fn is_about_agent(message: &str, is_mounted: bool) -> bool {
    message.contains(AGENT_DIR) || (is_mounted && CAUSES.iter().any(|cause| message.contains(cause)))
}

/// Returns `Ok` if the agent's image has been mounted, the reason if it cannot be, and `None` while that is
/// not known.
fn mounted(pod: &Pod) -> Option<Result<(), String>> {
    let mut with_it = parts(pod).filter(Part::has_agent);
    with_it.find_map(|part| {
        let state = part.state()?;
        match failure(state) {
            Some((reason, message)) if is_about_agent(message, true) => {
                Some(Err(format!("{reason}: {message}")))
            }
            Some(_) => None,
            // An end proves nothing: a Pod that is deleted before it begins has one too.
            None => has_begun(state).then_some(Ok(())),
        }
    })
}

/// Returns true if the container's program has begun. The container that keeps files has often ended by
/// then.
fn has_begun(state: &ContainerState) -> bool {
    let ended = state.terminated.as_ref();
    state.running.is_some() || ended.is_some_and(|ended| ended.exit_code == 0)
}

/// Returns the reason and message for a container that could not be created or started.
fn failure(state: &ContainerState) -> Option<(&str, &str)> {
    let waiting = state
        .waiting
        .as_ref()
        .map(|waiting| (&waiting.reason, &waiting.message));
    let ended = state
        .terminated
        .as_ref()
        .map(|ended| (&ended.reason, &ended.message));
    let (reason, message) = waiting.or(ended)?;
    let reason = reason.as_deref().filter(|reason| FAILED.contains(reason))?;
    Some((reason, message.as_deref().unwrap_or_default()))
}

#[cfg(test)]
mod tests;
