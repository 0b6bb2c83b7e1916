//! Images: those that there are, those that are built, the rules for them, and the blobs that nobody needs any more.

mod attribution;
mod image_rules;
mod list;
mod sweep;

pub(in crate::engine) use self::attribution::Builds;
pub use self::list::{NamedImage, Removed};
