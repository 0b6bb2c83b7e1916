//! Images: what is known of them, and that one is wanted.

pub(crate) mod inspect;
pub(crate) mod pull;
