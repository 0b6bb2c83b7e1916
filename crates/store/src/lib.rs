//! The image store: an OCI layout over `object_store`. It knows Dockerfiles, layers and names. It does not know
//! HTTP, Kubernetes or containers.

mod archive;
mod backend;
mod context;
mod dockerfile;
mod entries;
mod image_store;
mod layer;
mod layout;
mod limits;
mod links;
mod location;
mod lock;
mod names;
mod oci;
mod offline;
mod spool;

pub use crate::image_store::ImageStore;
pub use crate::limits::LIMITS;
pub use crate::location::Location;
pub use crate::offline::OfflineStore;
