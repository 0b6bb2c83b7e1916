//! Brings the agent into Pods: chooses the method, and adds the volume and containers for it.

pub(crate) mod choice;
pub(crate) mod containers;
pub(crate) mod learn;

pub(crate) use self::choice::{AgentBy, AgentVolumes};
