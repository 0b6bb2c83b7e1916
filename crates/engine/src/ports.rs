//! The ports: traits for Kubernetes, an image store, metrics, and the rules and registries of images. Each
//! has one adapter, and one fake for tests. Events enter by [`Engine::observe`](crate::Engine::observe).

mod cluster;
mod error;
mod event;
mod images;
mod meter;
mod store;

pub use self::cluster::{Cluster, LogLine, SecretFile};
pub use self::error::{ClusterError, StoreError};
pub use self::event::{AgentId, Event, PodSeen, PodState};
pub use self::images::Images;
pub use self::meter::Meter;
pub use self::store::{BaseCheck, BuildRequest, Built, Kept, Reader, Store};
pub use crate::news::News;
