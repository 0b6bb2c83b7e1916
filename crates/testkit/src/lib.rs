//! Named fakes of the engine's ports, for events that the real systems cannot be made to produce on command.
//! For tests only. The lab tests the real systems.

mod cluster;
mod images;
mod store;

use std::sync::Arc;
use std::time::Duration;

pub use cluster::FakeCluster;
use engine::name::Scope;
use engine::token::{KEY_BYTES, TokenKey};
use engine::{Settings, StartLimits};
pub use images::FakeImages;
pub use store::FakeStore;

/// Time that chaincode must live there for its start to count as successful.
pub const ALIVE: Duration = Duration::from_millis(100);

/// Returns settings for engines in tests: the agents' address leads nowhere, and starts are answered soon.
#[must_use]
pub fn settings(scope: &str) -> Settings {
    Settings {
        scope: Scope(scope.to_owned()),
        agent_url: "https://192.0.2.1:2377".to_owned(),
        token_key: TokenKey::new([0; KEY_BYTES]),
        max_containers: 4096,
        limits: StartLimits {
            alive: ALIVE,
            ..StartLimits::default()
        },
        images: Arc::new(FakeImages::default()),
        meter: Arc::new(()),
    }
}
