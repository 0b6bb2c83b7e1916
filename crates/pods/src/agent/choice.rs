//! Chooses the method that brings the agent into a Pod: an image volume if the node mounts image volumes,
//! else a copy.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engine::launch::Launch;

use crate::config::AgentVolume;

/// The method that brings the agent into one Pod.
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
    /// The nodes that have run Pods of chainpod.
    pub(super) nodes: HashMap<String, Node>,
}

/// The knowledge about one node: does it mount the agent's image?
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Node {
    /// All its Pods had copies of the agent, so it is not known.
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

    /// Returns true if a new Pod gets an image volume. If some nodes mount image volumes and others do not,
    /// the new Pod gets one: it is faster than the copy, and if it fails, chainpod creates the Pod again when
    /// its node is known.
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

    /// Returns the method for the Pod of that launch. A repeated launch has already tried the image volume.
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
