//! Images, one file per operation.

pub(crate) mod inspect;
pub(crate) mod list;
pub(crate) mod pull;
pub(crate) mod remove;

use image_name::ImageName;

/// Splits an image's names into names with a digest and names with a tag.
fn by_digest(names: Vec<String>) -> (Vec<String>, Vec<String>) {
    let has_digest = |name: &str| ImageName::parse(name).is_ok_and(|name| name.digest().is_some());
    names.into_iter().partition(|name| has_digest(name))
}
