//! The way in which the agent gets into a Pod: as an image volume if the node mounts those, else as a copy
//! that another container makes. chainpod reads no node objects, so it learns by trying which nodes mount
//! them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use agent_protocol::AGENT_DIR;
use engine::ports::PodState;
use k8s_openapi::api::core::v1::{ContainerState, Pod};

use crate::config::AgentVolume;
use crate::own::{Part, mounted_image, parts};

/// The way in which the agent gets into one Pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AgentBy {
    /// Its image is mounted.
    Mount,
    /// Another container copies it.
    Copy,
}

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

/// The knowledge about this cluster so far. Cheap to clone.
#[derive(Clone)]
pub(crate) struct AgentVolumes {
    setting: AgentVolume,
    learned: Arc<Mutex<Learned>>,
}

#[derive(Default)]
struct Learned {
    /// True if the API server refuses image volumes.
    refused: bool,
    /// The nodes that have run Pods of chainpod's.
    nodes: HashMap<String, Node>,
}

/// The knowledge about one node: does it mount the agent's image?
#[derive(Clone, Copy, PartialEq, Eq)]
enum Node {
    /// Its Pods have had only copies.
    Untried,
    Mounts,
    Fails,
}

impl AgentVolumes {
    pub(crate) fn new(setting: AgentVolume) -> Self {
        Self {
            setting,
            learned: Arc::default(),
        }
    }

    /// Records that the API server accepts no image volumes.
    pub(crate) fn set_refused(&self) {
        self.learned().refused = true;
    }

    /// Returns true if the setting leaves the choice to chainpod.
    pub(crate) fn is_auto(&self) -> bool {
        self.setting == AgentVolume::Auto
    }

    /// Returns true if a new Pod gets an image volume. If some nodes mount them and others do not, it is
    /// tried: it is faster than the copy, and where it fails the Pod is made anew as soon as it has its
    /// node.
    pub(crate) fn mounts_image(&self) -> bool {
        let learned = self.learned();
        match self.setting {
            AgentVolume::Image => true,
            AgentVolume::Init => false,
            AgentVolume::Auto => {
                !learned.refused
                    && (learned.nodes.is_empty() || learned.nodes.values().any(|node| *node != Node::Fails))
            }
        }
    }

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
            None if learned.nodes.get(node) == Some(&Node::Fails) => {
                Some(PodState::NoAgent(format!("node {node} mounts no images")))
            }
            None => None,
        }
    }

    fn learned(&self) -> MutexGuard<'_, Learned> {
        self.learned.lock().unwrap_or_else(PoisonError::into_inner)
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
