//! The lab: a real Kubernetes node and real Fabric networks on one machine,
//! built from package registries and brought up and down without a trace.
//!
//! Everything here is synchronous and drives real programs; nothing is faked.

pub mod cache;
pub mod cert_manager;
mod certificates;
pub mod chainpod;
pub mod cluster;
pub mod disk;
pub mod docker;
pub mod docker_tls;
pub mod gate;
pub mod go;
pub mod helm;
pub mod images;
pub mod machine;
pub mod matrix;
pub mod network;
pub mod processes;
pub mod progress;
pub mod proxy;
pub mod registry;
pub mod storage;
pub mod story;
pub mod webhook;
