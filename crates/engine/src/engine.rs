//! The engine: every operation on containers and images, in one file per group, over one index of the
//! containers that this process knows. The records are authoritative. Phases change by compare-and-swap on
//! the records, and no lock is held during a call.

mod announce;
mod commands;
mod enact;
mod end;
mod images;
mod index;
mod io;
mod launch;
mod once;
mod seen;
mod span;
mod status;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::caller::Caller;
use crate::container::Record;
use crate::error::Result;
use crate::failure::StartLimits;
use crate::name::{BootId, Scope};
use crate::ports::{Cluster, Images, Meter, Store};
use crate::retry::Retry;
use crate::token::TokenKey;

pub use self::end::{Stopped, WaitCondition};
use self::images::Builds;
pub use self::images::{NamedImage, Removed};
use self::index::Index;
pub use self::io::{AttachStream, LogRequest};
pub use self::launch::Started;
use self::seen::Live;
pub use self::span::span;

/// The retry times of calls to the API server in the background, for which no client waits.
const AWAY: Retry = Retry {
    first: Duration::from_millis(100),
    longest: Duration::from_secs(5),
    limit: Retry::WITHOUT_END,
};
/// Time for which a call waits for its change of a record while the API server is away.
const CALL_LIMIT: Duration = Duration::from_secs(60);
/// Time for which background work waits after a program has started, or when one may soon be launched again,
/// so that the program has the machine for itself. A chaincode's first answer takes a tenth of this time.
const SETTLING: Duration = Duration::from_millis(300);

/// The settings of an engine.
pub struct Settings {
    /// The installation whose containers the engine serves.
    pub scope: Scope,
    /// The `https://ADDRESS:PORT` at which agents call chainpod.
    pub agent_url: String,
    /// The key of the agents' tokens.
    pub token_key: TokenKey,
    /// The number of containers that there may be.
    pub max_containers: usize,
    /// The time limits of starts.
    pub limits: StartLimits,
    /// The rules and registries for images.
    pub images: Arc<dyn Images>,
    /// The metrics.
    pub meter: Arc<dyn Meter>,
}

/// Docker's engine over a cluster and a store, for one caller. Cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Inner>, Caller);

struct Inner {
    settings: Settings,
    cluster: Arc<dyn Cluster>,
    store: Arc<dyn Store>,
    index: Index,
    builds: Builds,
    /// This process, as records name it.
    boot: BootId,
    /// True once the index has all records that were there when this process began.
    all_known: AtomicBool,
}

impl Engine {
    /// Creates an engine with an empty index. [`Engine::observe`] fills it.
    #[must_use]
    pub fn new(settings: Settings, cluster: Arc<dyn Cluster>, store: Arc<dyn Store>) -> Self {
        let inner = Inner {
            settings,
            cluster,
            store,
            index: Index::default(),
            builds: Builds::default(),
            boot: BootId::random(),
            all_known: AtomicBool::new(false),
        };
        Self(Arc::new(inner), Caller::LOCAL)
    }

    /// Returns the same engine for another caller.
    #[must_use]
    pub fn called_by(&self, caller: Caller) -> Self {
        Self(Arc::clone(&self.0), caller)
    }

    /// Returns the key of the agents' tokens.
    #[must_use]
    pub fn token_key(&self) -> &TokenKey {
        &self.0.settings.token_key
    }

    /// Returns the container of that id, unique id prefix or name.
    ///
    /// # Errors
    /// Returns `NoSuchContainer` or `AmbiguousPrefix`.
    pub async fn inspect(&self, reference: &str) -> Result<Record> {
        Ok(self.find(reference).await?.record())
    }

    fn limits(&self) -> &StartLimits {
        &self.0.settings.limits
    }

    fn scope(&self) -> &Scope {
        &self.0.settings.scope
    }
}
