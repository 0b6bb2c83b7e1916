//! The agent in Pods: the way in which it gets there, and the volume and containers that bring it.

pub(crate) mod choice;
pub(crate) mod containers;
pub(crate) mod learn;

pub(crate) use self::choice::{AgentBy, AgentVolumes};
