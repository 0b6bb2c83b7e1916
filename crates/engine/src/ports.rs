//! What the engine needs of the world: a cluster and a store. Each has one
//! adapter, and one named fake for tests.

use std::collections::HashSet;
use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use image_name::{ImageName, Reference};
use jiff::Timestamp;
use tokio::io::AsyncRead;

use crate::container::{Container, Owner, Record, Role};
use crate::failure::{Cause, End};
use crate::image::{Digest, Image, ImageCommand, Ruled};
use crate::launch::Launch;
use crate::name::{PodName, RecordName, Scope};

mod error;

pub use self::error::{ClusterError, StoreError};
pub use crate::news::News;

/// One upload's file with its content, for [`Cluster::create_files`].
pub struct SecretFile {
    /// Absolute path in the container.
    pub path: String,
    /// Its content.
    pub content: Bytes,
}

/// One line of a Pod's log, with its line feed where it had one; a piece of a line that is longer than
/// [`LogLine::MOST_BYTES`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When the runtime wrote the line's beginning: all pieces of a line have the same time.
    pub time: Timestamp,
    /// The line or the piece: at most [`LogLine::MOST_BYTES`]. A piece that another one follows has no line feed.
    pub text: Bytes,
}

impl LogLine {
    /// The most bytes of a line that are held at once. A program need not write a line feed, ever, and the kubelet
    /// joins the 16 KiB pieces in which a runtime keeps a long line. Four of those are few system calls.
    pub const MOST_BYTES: usize = 64 * 1024;

    /// Whether the line ends with this piece.
    #[must_use]
    pub fn is_end(&self) -> bool {
        self.text.ends_with(b"\n")
    }
}

/// Kubernetes, as far as containers need it. Every call is one request.
#[async_trait]
pub trait Cluster: Send + Sync + 'static {
    /// Creates the record; `AlreadyExists` when the name is taken.
    async fn create_record(&self, name: &RecordName, container: &Container) -> Result<Record, ClusterError>;
    /// Reads the record of that name.
    async fn record(&self, name: &RecordName) -> Result<Option<Record>, ClusterError>;
    /// Lists the scope's records.
    async fn records(&self, scope: &Scope) -> Result<Vec<Record>, ClusterError>;
    /// Replaces the record if it is still at `record.version`; `Conflict` otherwise.
    async fn update_record(&self, record: &Record) -> Result<Record, ClusterError>;
    /// Deletes the record if it still has that uid; what it owns follows by garbage collection.
    async fn delete_record(&self, record: &Record) -> Result<(), ClusterError>;
    /// Creates the Secret of upload `number`.
    async fn create_files(
        &self,
        record: &Record,
        number: u32,
        files: Vec<SecretFile>,
    ) -> Result<(), ClusterError>;
    /// Creates the Pod and the Secret with its agent's task, side by side. `AlreadyExists` is success.
    async fn launch(&self, launch: &Launch<'_>) -> Result<(), ClusterError>;
    /// Deletes the Pod with that grace (never 0: that would forget it without ending it). Absent is success.
    async fn delete_pod(&self, pod: &PodName, grace: Duration) -> Result<(), ClusterError>;
    /// Returns a cause that the Pod's status does not show, from its Events or its agent's log; none while it makes progress.
    async fn blocked(&self, pod: &PodName) -> Result<Option<Cause>, ClusterError>;
    /// The workload of the Pod that has that address; none where that is no Pod of ours to see.
    async fn owner(&self, caller: IpAddr) -> Result<Option<Owner>, ClusterError>;
    /// Tells the news of that record: a Kubernetes Event on it, and on its owner.
    async fn tell(&self, record: &Record, news: &News) -> Result<(), ClusterError>;
    /// Reads the Pod's log, and follows it if asked: of its last `tail` entries those that are not older than
    /// `since` (whole seconds). An entry is what the runtime wrote at once: a line, or a piece of a long one.
    async fn logs(
        &self,
        pod: &PodName,
        since: Option<Timestamp>,
        tail: Option<usize>,
        follow: bool,
    ) -> Result<BoxStream<'static, Result<LogLine, ClusterError>>, ClusterError>;
}

/// Who counts and measures what happens. Nothing waits for it, and it must not block.
pub trait Meter: Send + Sync + 'static {
    /// A program runs, so long after its start was asked for.
    fn launched(&self, role: Role, took: Duration);
    /// An image has been built, so long after that was asked for.
    fn built(&self, took: Duration);
    /// What has become of a container of that role.
    fn told(&self, role: Role, news: &News);
}

/// Nobody counts.
impl Meter for () {
    fn launched(&self, _: Role, _: Duration) {}
    fn built(&self, _: Duration) {}
    fn told(&self, _: Role, _: &News) {}
}

/// What is said of images beside the store: by the operator's rules, and by registries.
#[async_trait]
pub trait Images: Send + Sync + 'static {
    /// What the rules say of the image of that name.
    ///
    /// # Errors
    /// A sentence that names the image, where they do not allow it.
    fn ruled(&self, name: &str) -> Result<Ruled, String>;
    /// What the registry says that the image runs; `reference` is what the cluster pulls. Answers within seconds.
    ///
    /// # Errors
    /// Why that is not known.
    async fn command(&self, reference: &str) -> Result<ImageCommand, String>;
}

/// What a watch or an agent saw; see [`crate::Engine::observe`].
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A record is there or changed.
    Record(Box<Record>),
    /// A record is gone; by name and uid.
    RecordGone(RecordName, String),
    /// A Pod of ours is there or changed.
    Pod(PodSeen),
    /// A Pod of ours is gone.
    PodGone(PodSeen),
    /// An agent spoke.
    Agent(AgentId, agent_protocol::Event),
}

/// Which container and which of its starts an agent belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AgentId {
    /// The record's name.
    pub record: RecordName,
    /// The record's uid.
    pub uid: String,
    /// The start counter.
    pub start: u32,
}

/// A Pod as far as a container's life depends on it: our own container's status, by name.
#[derive(Clone, Debug, PartialEq)]
pub struct PodSeen {
    /// Whose Pod it is.
    pub agent: AgentId,
    /// Its name.
    pub pod: PodName,
    /// What its container does.
    pub state: PodState,
    /// What is about to end it, if anything is.
    pub ending: Option<End>,
}

/// What a Pod's container does.
#[derive(Clone, Debug, PartialEq)]
pub enum PodState {
    /// Not yet running.
    Pending,
    /// Will not run, unless that changes: why.
    Stuck(Cause),
    /// Will not run, as the agent did not get into it: why. Launched again it gets there by
    /// another way; see [`Container::repeats`].
    NoAgent(String),
    /// Runs.
    Running,
    /// Has ended.
    Ended {
        /// The exit code as the kubelet says it.
        code: i64,
        /// What ended it.
        end: End,
    },
}

/// Bytes from a client or a blob.
pub type Reader = Box<dyn AsyncRead + Send + Unpin>;

/// What `POST /build` asks.
#[derive(Clone, Debug, Default)]
pub struct BuildRequest {
    /// `t`: the names to give the image.
    pub tags: Vec<String>,
    /// `dockerfile`: its path in the context.
    pub dockerfile: String,
    /// `buildargs`.
    pub args: std::collections::BTreeMap<String, String>,
    /// `labels`.
    pub labels: std::collections::BTreeMap<String, String>,
    /// `pull`: whether the newest base is wanted.
    pub pull: bool,
}

/// Says why a base is not allowed, if it is not.
pub type BaseCheck<'a> = &'a (dyn Fn(&str) -> Result<(), String> + Sync);

/// A finished build.
#[derive(Clone, Debug)]
pub struct Built {
    /// The image.
    pub image: Image,
    /// Its names, as Docker writes them.
    pub tags: Vec<String>,
    /// The Dockerfile's instructions, for Docker's progress lines.
    pub steps: Vec<String>,
}

/// A blob that was put. No sweep begins while this lives: drop it once a record names the blob.
pub struct Kept {
    /// The blob.
    pub digest: Digest,
    /// Holds off the sweeps.
    pub guard: Box<dyn Send + Sync>,
}

/// The image store. It knows images under their familiar names: `repository:tag`.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// The image of that name or id.
    async fn image(&self, scope: &Scope, reference: &Reference) -> Result<Option<Image>, StoreError>;
    /// Remembers an external image under its name, durably, to be pulled as it is `written`. Does not prove that it
    /// exists.
    async fn pull(&self, scope: &Scope, name: &ImageName, written: &str) -> Result<Image, StoreError>;
    /// All names with their images.
    async fn images(&self, scope: &Scope) -> Result<Vec<Image>, StoreError>;
    /// Forgets a name that [`Store::images`] gave; false when it was not there.
    async fn remove_image(&self, scope: &Scope, name: &str) -> Result<bool, StoreError>;
    /// Builds from a context: a tar, compressed or not. Nothing is left of a build that fails. A base that did not
    /// come through us must be `allowed`.
    async fn build(
        &self,
        scope: &Scope,
        request: &BuildRequest,
        allowed: BaseCheck<'_>,
        context: Reader,
    ) -> Result<Built, StoreError>;
    /// Keeps a tar (uncompressed on arrival) under its digest.
    async fn put_blob(&self, content: Reader) -> Result<Kept, StoreError>;
    /// Removes all blobs that neither an image nor `needed` has; how many. Nobody's is taken that is
    /// being put: `needed` is asked while nothing new is [`Kept`].
    async fn sweep(&self, needed: &(dyn Fn() -> HashSet<Digest> + Sync)) -> Result<usize, StoreError>;
    /// Whether it can be written to now; why not otherwise.
    async fn check(&self) -> Result<(), StoreError>;
    /// How much its blobs take, in bytes.
    async fn size_bytes(&self) -> Result<u64, StoreError>;
    /// Reads a blob and its size in bytes.
    async fn blob(&self, digest: &Digest) -> Result<(Reader, u64), StoreError>;
}
