//! The settings of the adapter.

use std::sync::Arc;

use engine::token::TokenKey;

/// The settings that all objects have in common.
#[derive(Clone)]
pub struct Config {
    /// The namespace of all objects.
    pub namespace: String,
    /// The installation: only objects of this scope are watched.
    pub instance: String,
    /// The image that contains the agent.
    pub agent_image: String,
    /// The certificate of the CA that agents trust.
    pub agent_ca_pem: String,
    /// The key that signs the agents' tokens.
    pub token_key: TokenKey,
    /// The way in which the agent gets into a Pod.
    pub agent_volume: AgentVolume,
    /// The user of a program that names none.
    pub default_uid: i64,
    /// The operator's rules about Pods.
    pub rules: Arc<rules::Source>,
}

impl Config {
    /// The user of Fabric's own images.
    pub const FABRIC_UID: i64 = 500;
}

/// The operator's setting for the way in which the agent gets into Pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentVolume {
    /// The image volume if it works, else the copy.
    Auto,
    /// The image volume.
    Image,
    /// The copy.
    Init,
}
