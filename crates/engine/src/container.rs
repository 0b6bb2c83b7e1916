//! The container and its record: the client's request, and its state since then.

mod chaincode;
mod exit;
mod files;
mod record;
mod spec;
mod upload;

pub use self::exit::{Exit, KeptLine};
pub use self::record::{Container, Owner, Record, Role};
pub use self::spec::{Names, Port, Spec};
pub use self::upload::{FileEntry, Upload};
pub use crate::fabric::BuiltFor;
