//! The input and output of a container: files, output, and the calls of its agent.

mod agents;
mod archive;
mod attach;
mod log;

pub use self::attach::AttachStream;
pub use self::log::LogRequest;
