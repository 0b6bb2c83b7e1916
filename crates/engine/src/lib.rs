//! The domain: containers, their phases, and the operations that are legal in each phase. It knows no HTTP
//! and no Kubernetes. Those are behind [`ports`].

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
pub mod name;
mod news;
pub mod phase;
pub mod ports;
pub mod process;
mod retry;
pub mod token;
mod upload;

pub use engine::{
    AttachStream, Engine, LogRequest, NamedImage, Removed, Settings, Started, Stopped, WaitCondition, span,
};
pub use error::{Error, Result};
pub use failure::{Cause, End, Outlook, StartLimits};
pub use retry::Retry;
