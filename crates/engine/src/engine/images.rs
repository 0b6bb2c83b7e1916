//! Images: the list, builds, the rules, and the sweep of blobs that are not needed any more.

mod attribution;
mod build;
mod find;
mod image_rules;
mod list;
mod sweep;

pub(in crate::engine) use self::attribution::Builds;
pub use self::list::{NamedImage, Removed};
