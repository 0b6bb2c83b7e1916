//! The engine: every operation on containers and images, one file each group,
//! over one index of what this process knows. The truth is in the records;
//! phase changes are compare-and-swap on them, and no lock is held over a call.

mod announce;
mod enact;
mod end;
mod images;
mod index;
mod io;
mod launch;
mod seen;
mod span;
mod status;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use image_name::{ImageName, Reference};

use crate::caller::Caller;
use crate::container::Record;
use crate::error::{Error, Result};
use crate::failure::StartLimits;
use crate::image::Image;
use crate::name::{BootId, Scope};
use crate::ports::{BuildRequest, Built, Cluster, Images, Meter, Reader, Store};
use crate::token::TokenKey;

pub use self::end::{Stopped, WaitCondition};
use self::images::Builds;
pub use self::images::{NamedImage, Removed};
use self::index::Index;
pub use self::io::{AttachStream, LogRequest};
pub use self::launch::Started;
use self::seen::Live;
pub use self::span::span;

/// The first pause before a failed call to the API server is repeated.
const RETRY_FIRST: Duration = Duration::from_millis(100);
/// The longest such pause.
const RETRY_LONGEST: Duration = Duration::from_secs(5);
/// A program that has just started, or is about to be launched anew, has its machine for itself for so long: what can
/// wait does. A chaincode's first answer takes a tenth of that.
const SETTLING: Duration = Duration::from_millis(300);

/// What an engine is told once.
pub struct Settings {
    /// Whose containers it serves.
    pub scope: Scope,
    /// `https://ADDRESS:PORT` at which agents call home.
    pub agent_url: String,
    /// The key of the agents' tokens.
    pub token_key: TokenKey,
    /// How long starts may take.
    pub limits: StartLimits,
    /// What is said of images.
    pub images: Arc<dyn Images>,
    /// Who counts what happens.
    pub meter: Arc<dyn Meter>,
}

/// Docker's engine over a cluster and a store, as one caller has it. Cheap to clone.
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
    /// Whether the index has all records that were there when this process began.
    all_known: AtomicBool,
}

impl Engine {
    /// An engine that knows nothing yet; feed it by [`Engine::observe`].
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

    /// The same engine for another caller.
    #[must_use]
    pub fn called_by(&self, caller: Caller) -> Self {
        Self(Arc::clone(&self.0), caller)
    }

    /// The key of the agents' tokens.
    #[must_use]
    pub fn token_key(&self) -> &TokenKey {
        &self.0.settings.token_key
    }

    /// The image of that name or id.
    ///
    /// # Errors
    /// `NoSuchImage` when it was neither built nor pulled here; `Invalid` where the text is neither name nor id.
    pub async fn image(&self, reference: &str) -> Result<Image> {
        self.referred(&Reference::parse(reference)?).await
    }

    async fn referred(&self, reference: &Reference) -> Result<Image> {
        let found = self.0.store.image(self.scope(), reference).await?;
        found.ok_or_else(|| Error::NoSuchImage(reference.to_string()))
    }

    /// Remembers an external image.
    ///
    /// # Errors
    /// Returns `Invalid` where the text is not a name, `NotAllowed`, or the store's error.
    pub async fn pull(&self, name: &str) -> Result<Image> {
        let parsed = ImageName::try_from(Reference::parse(name)?)?;
        self.ruled(name)?;
        Ok(self.0.store.pull(self.scope(), &parsed, name).await?)
    }

    /// Builds an image; waits for its context as long as the client takes.
    ///
    /// # Errors
    /// The store's; where its base is not allowed, too.
    pub async fn build(&self, request: &BuildRequest, context: Reader) -> Result<Built> {
        let begun = Instant::now();
        let _open = self.0.builds.open(self.1, &request.tags);
        let allowed = |base: &str| self.0.settings.images.ruled(base).map(drop);
        let built = self.0.store.build(self.scope(), request, &allowed, context).await;
        if built.is_ok() {
            self.0.settings.meter.built(begun.elapsed());
        }
        let what = || format!("image {} cannot be built", request.tags.join(", "));
        built.map_err(|error| Error::from(error).of(what))
    }

    /// The container of that id, unique id prefix or name.
    ///
    /// # Errors
    /// `NoSuchContainer`, `AmbiguousPrefix`.
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
