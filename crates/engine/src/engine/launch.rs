//! The launch of a container: it is created, its start is claimed, its Pod is made, and the start is answered
//! when the program runs or cannot run.

mod create;
mod image_command;
mod pod;
mod start;
mod stuck;

pub use self::start::Started;
