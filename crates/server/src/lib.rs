//! The HTTP side: Docker's endpoints and the agents'.

pub mod error;
