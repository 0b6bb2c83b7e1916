//! The HTTP side: Docker's endpoints, one file per operation, and the agents'.

mod absent;
mod agents;
mod body;
mod build;
mod containers;
mod drain;
mod error;
mod filters;
mod images;
mod info;
mod listen;
mod ping;
mod query;
mod router;
mod version;

pub use absent::ABSENT;
pub use agents::router as agents;
pub use drain::Drain;
pub use listen::{Endpoint, Listener, Tls, TlsError, TlsFiles, agent_listener, docker_listener};
pub use router::{ROUTES, router as docker};
