//! How a container comes to run: it is created, its start is claimed, its Pod made, and the start answered when the
//! program runs or cannot.

mod create;
mod start;
mod stuck;

pub use self::start::Started;
