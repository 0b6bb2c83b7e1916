//! Images, one file per operation.

pub(crate) mod inspect;
pub(crate) mod list;
pub(crate) mod pull;
pub(crate) mod remove;

/// An image's names by digest, and those by tag.
fn by_digest(names: Vec<String>) -> (Vec<String>, Vec<String>) {
    names.into_iter().partition(|name| name.contains('@'))
}
