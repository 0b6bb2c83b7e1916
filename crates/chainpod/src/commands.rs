//! The binary's subcommands, one per file: each reads its settings, does its work and prints.

pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod gc;
pub(crate) mod logs;
pub(crate) mod ps;
pub(crate) mod serve;
