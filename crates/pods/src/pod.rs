//! The Pod of one start, translated from its plan: the image that the client named, the agent as its first
//! process, and all uploads as mounts.

mod files;
mod from_plan;
pub(crate) mod mount;
pub(crate) mod program;
mod rule_fields;
pub(crate) mod security;
#[cfg(test)]
mod tests;
mod volumes;

pub(crate) use self::from_plan::build;
