//! The name of a container in sentences, with its chaincode.

use std::fmt::{self, Display, Formatter};

use crate::container::{Container, Role};

/// A container, displayed as its users know it.
pub(crate) struct Who<'a>(pub(crate) &'a Container);

impl Display for Who<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let build = match self.0.role {
            Role::Build => "build of ",
            Role::Chaincode => "",
        };
        match (self.0.chaincode(), self.0.peer()) {
            (Some(chaincode), Some(peer)) => write!(f, "{build}chaincode {chaincode} of {peer}"),
            (Some(chaincode), None) => write!(f, "{build}chaincode {chaincode}"),
            (None, Some(peer)) => write!(f, "container {} of {peer}", self.0.name),
            (None, None) => write!(f, "container {}", self.0.name),
        }
    }
}
