//! The choice of the way in which the agent gets into a Pod: an image volume if the node mounts those, else a copy.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engine::launch::Launch;

use crate::config::AgentVolume;

/// The way in which the agent gets into one Pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AgentBy {
    /// Its image is mounted.
    Mount,
    /// Another container copies it.
    Copy,
}

/// The knowledge about this cluster so far. Cheap to clone.
#[derive(Clone)]
pub(crate) struct AgentVolumes {
    setting: AgentVolume,
    learned: Arc<Mutex<Learned>>,
}

#[derive(Default)]
pub(super) struct Learned {
    /// True if the API server refuses image volumes.
    refused: bool,
    /// The nodes that have run Pods of chainpod's.
    pub(super) nodes: HashMap<String, Node>,
}

/// The knowledge about one node: does it mount the agent's image?
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Node {
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

    /// Returns the way for the Pod of that launch. A launch that is repeated has tried the image volume already.
    pub(crate) fn choose(&self, launch: &Launch<'_>) -> AgentBy {
        if launch.record.container.repeats.is_none() && self.mounts_image() {
            AgentBy::Mount
        } else {
            AgentBy::Copy
        }
    }

    pub(super) fn learned(&self) -> MutexGuard<'_, Learned> {
        self.learned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
