//! The adapter to Kubernetes: containers become ConfigMaps, Secrets and Pods.
//!
//! Pure builders make the objects, one file for each kind. [`KubeCluster`] sends them, and [`watch()`]
//! reports their changes. Phases and causes are decided by the engine, not here.

mod agent;
mod cluster;
mod config;
mod credentials;
mod error;
mod event;
mod explain;
mod files_secret;
mod garbage;
mod labels;
mod lease;
mod logs;
mod own_containers;
mod owner;
mod pairs;
mod permissions;
mod plan;
mod pod;
mod record;
mod retry;
mod status;
mod task_secret;
mod watch;

pub use cluster::{KubeCluster, Sample, Untried, records, server_time};
pub use config::{AgentVolume, Config};
pub use credentials::{AgentIdentity, CredentialsError, ServerCertificate};
pub use explain::{explain, preview};
pub use garbage::{Found, Garbage, Kind, garbage, remove};
pub use lease::{HeldLease, Lease, NotHeld};
pub use pairs::{View, changes, read_log, views};
pub use permissions::{Account, Missing, Permission, missing as missing_permissions};
pub use watch::{Told, WATCHED, watch};
