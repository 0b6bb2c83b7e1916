//! The HTTP side: Docker's endpoints, one file for each operation, the agents' endpoints, and the
//! operator's.

mod admin;
mod agents;
mod body;
mod build;
mod calls;
mod containers;
mod drain;
mod error;
mod filters;
mod gate;
mod images;
mod info;
mod json_values;
mod limits;
mod listen;
mod metrics;
mod not_implemented;
mod panics;
mod path;
mod ping;
mod query;
mod readiness;
mod router;
mod version;

pub use admin::{admin_listener, router as admin};
pub use agents::router as agents;
pub use drain::Drain;
pub use gate::Gate;
pub use limits::LIMITS;
pub use listen::{Connections, Endpoint, Listener, Tls, TlsError, TlsFiles, agent_listener, docker_listener};
pub use metrics::{METRICS, Metrics, Row};
pub use not_implemented::ABSENT;
pub use panics::note_panics;
pub use readiness::{Checked, Readiness};
pub use router::{ROUTES, router as docker};
