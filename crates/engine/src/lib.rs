//! The domain: containers, their phases, and the operations that are legal in each phase. It does not know
//! HTTP or Kubernetes, which are behind [`ports`].

mod budget;
pub mod caller;
pub mod container;
mod download_hint;
mod engine;
mod error;
mod fabric;
mod failure;
pub mod image;
pub mod launch;
pub mod life;
pub mod limit;
mod limits;
pub mod name;
mod news;
pub mod phase;
pub mod ports;
pub mod process;
mod reminder;
mod retry;
pub mod token;
mod upload;

pub use budget::Budget;
pub use engine::{
    AttachStream, Engine, LogRequest, NamedImage, Removed, Settings, Started, Stopped, WaitCondition, span,
};
pub use error::{Error, Result};
pub use failure::{Cause, End, Outlook, StartLimits};
pub use limits::LIMITS;
pub use reminder::Reminder;
pub use retry::Retry;
