//! The lab: a real Kubernetes node and real Fabric networks on one machine,
//! built from package registries and brought up and down without a trace.
//!
//! Everything here is synchronous and drives real programs; nothing is faked.

pub mod cache;
pub mod cert_manager;
mod certificates;
pub mod cluster;
pub mod command;
pub mod docker;
pub mod docker_tls;
mod down;
pub mod gate;
pub mod go_build;
pub mod helm;
pub mod images;
pub mod machine;
pub mod network;
pub mod processes;
pub mod progress;
pub mod registry;
pub mod storage;

pub use self::down::down;
