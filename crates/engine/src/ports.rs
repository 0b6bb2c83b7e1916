//! The engine's ports: a cluster and a store. Each has one adapter, and one named fake for tests.

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

/// One line of a Pod's log, with its line feed if it had one, or a piece of a line that is longer than
/// [`LogLine::MOST_BYTES`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// The time at which the runtime wrote the beginning of the line. All pieces of a line have the same
    /// time.
    pub time: Timestamp,
    /// The line or the piece: at most [`LogLine::MOST_BYTES`]. A piece before another piece has no line feed.
    pub text: Bytes,
}

impl LogLine {
    /// The most bytes of a line that are held at once. A program may never write a line feed, and the kubelet
    /// joins the 16 KiB pieces in which a runtime keeps a long line. Four of those need few system calls.
    pub const MOST_BYTES: usize = 64 * 1024;

    /// Returns true if the line ends with this piece.
    #[must_use]
    pub fn is_end(&self) -> bool {
        self.text.ends_with(b"\n")
    }
}

/// Kubernetes, as far as containers need it. Every call is one request.
#[async_trait]
pub trait Cluster: Send + Sync + 'static {
    /// Creates the record. Returns `AlreadyExists` if the name is taken.
    async fn create_record(&self, name: &RecordName, container: &Container) -> Result<Record, ClusterError>;
    /// Reads the record of that name.
    async fn record(&self, name: &RecordName) -> Result<Option<Record>, ClusterError>;
    /// Lists the scope's records.
    async fn records(&self, scope: &Scope) -> Result<Vec<Record>, ClusterError>;
    /// Replaces the record if it is still at `record.version`. Returns `Conflict` otherwise.
    async fn update_record(&self, record: &Record) -> Result<Record, ClusterError>;
    /// Deletes the record if it still has that uid. Objects that it owns follow by garbage collection.
    async fn delete_record(&self, record: &Record) -> Result<(), ClusterError>;
    /// Creates the Secret of upload `number`.
    async fn create_files(
        &self,
        record: &Record,
        number: u32,
        files: Vec<SecretFile>,
    ) -> Result<(), ClusterError>;
    /// Creates the Pod and the Secret with its agent's task at the same time. `AlreadyExists` counts as
    /// success.
    async fn launch(&self, launch: &Launch<'_>) -> Result<(), ClusterError>;
    /// Deletes the Pod with that grace period (never 0: that would forget the Pod without ending its
    /// program). An absent Pod counts as success.
    async fn delete_pod(&self, pod: &PodName, grace: Duration) -> Result<(), ClusterError>;
    /// Returns a cause that the Pod's status does not show, from its Events or its agent's log, or none while
    /// it makes progress.
    async fn blocked(&self, pod: &PodName) -> Result<Option<Cause>, ClusterError>;
    /// Returns the workload of the Pod that has that address, or none if there is no such Pod that chainpod
    /// can see.
    async fn owner(&self, caller: IpAddr) -> Result<Option<Owner>, ClusterError>;
    /// Creates a Kubernetes Event with the news on the record, and on its owner.
    async fn tell(&self, record: &Record, news: &News) -> Result<(), ClusterError>;
    /// Reads the Pod's log, and follows it if asked. Of the last `tail` entries, returns those that are not
    /// older than `since` (whole seconds). An entry is one write of the runtime: a line, or a piece of a long
    /// one.
    async fn logs(
        &self,
        pod: &PodName,
        since: Option<Timestamp>,
        tail: Option<usize>,
        follow: bool,
    ) -> Result<BoxStream<'static, Result<LogLine, ClusterError>>, ClusterError>;
}

/// The metrics of the engine. Calls must not block.
pub trait Meter: Send + Sync + 'static {
    /// Counts a program that runs, and the time since its start was requested.
    fn launched(&self, role: Role, took: Duration);
    /// Counts a built image, and the time since its build was requested.
    fn built(&self, took: Duration);
    /// Counts news of a container of that role.
    fn told(&self, role: Role, news: &News);
}

/// Counts nothing.
impl Meter for () {
    fn launched(&self, _: Role, _: Duration) {}
    fn built(&self, _: Duration) {}
    fn told(&self, _: Role, _: &News) {}
}

/// The sources of facts about images other than the store: the operator's rules, and registries.
#[async_trait]
pub trait Images: Send + Sync + 'static {
    /// Returns the rules for the image of that name.
    ///
    /// # Errors
    /// Returns a sentence that names the image if the rules do not allow it.
    fn ruled(&self, name: &str) -> Result<Ruled, String>;
    /// Returns the image's own command from the registry. `reference` is what the cluster pulls. Answers
    /// within seconds.
    ///
    /// # Errors
    /// Returns the reason why the command is not known.
    async fn command(&self, reference: &str) -> Result<ImageCommand, String>;
}

/// An event that a watch or an agent reports. See [`crate::Engine::observe`].
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A record is there or has changed.
    Record(Box<Record>),
    /// A record is gone. Holds its name and uid.
    RecordGone(RecordName, String),
    /// A Pod of ours is there or has changed.
    Pod(PodSeen),
    /// A Pod of ours is gone.
    PodGone(PodSeen),
    /// An agent has reported something.
    Agent(AgentId, agent_protocol::Event),
}

/// The container, and the start of it, that an agent belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AgentId {
    /// The record's name.
    pub record: RecordName,
    /// The record's uid.
    pub uid: String,
    /// The start counter.
    pub start: u32,
}

/// A Pod as far as a container's life depends on it: the status of chainpod's own container in it, found by
/// name.
#[derive(Clone, Debug, PartialEq)]
pub struct PodSeen {
    /// The container and start that the Pod belongs to.
    pub agent: AgentId,
    /// Its name.
    pub pod: PodName,
    /// The state of its container.
    pub state: PodState,
    /// The cause that is about to end it, if there is one.
    pub ending: Option<End>,
}

/// The state of a Pod's container.
#[derive(Clone, Debug, PartialEq)]
pub enum PodState {
    /// Not yet running.
    Pending,
    /// Will not run unless something changes. Holds the cause.
    Stuck(Cause),
    /// Will not run, because the agent did not get into it. Holds the reason. The next launch uses another
    /// way. See [`Container::repeats`].
    NoAgent(String),
    /// Runs.
    Running,
    /// Has ended.
    Ended {
        /// The exit code that the kubelet reports.
        code: i64,
        /// The cause of the end.
        end: End,
    },
}

/// Bytes from a client or a blob.
pub type Reader = Box<dyn AsyncRead + Send + Unpin>;

/// The parameters of `POST /build`.
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
    /// `pull`: true if the newest base is wanted.
    pub pull: bool,
}

/// A check that returns the reason if a base is not allowed.
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

/// A blob that was put. No sweep begins while this lives. Drop it once a record names the blob.
pub struct Kept {
    /// The blob.
    pub digest: Digest,
    /// Holds off the sweeps.
    pub guard: Box<dyn Send + Sync>,
}

/// The image store. It knows images under their familiar names: `repository:tag`.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Returns the image of that name or id.
    async fn image(&self, scope: &Scope, reference: &Reference) -> Result<Option<Image>, StoreError>;
    /// Stores an external image under its name, durably, to be pulled as it is `written`. Does not prove that
    /// it exists.
    async fn pull(&self, scope: &Scope, name: &ImageName, written: &str) -> Result<Image, StoreError>;
    /// Returns all names with their images.
    async fn images(&self, scope: &Scope) -> Result<Vec<Image>, StoreError>;
    /// Removes a name that [`Store::images`] returned. Returns false if it was not there.
    async fn remove_image(&self, scope: &Scope, name: &str) -> Result<bool, StoreError>;
    /// Builds from a context: a tar, compressed or not. A build that fails leaves nothing behind. A base that
    /// was not pulled or built through chainpod must be `allowed`.
    async fn build(
        &self,
        scope: &Scope,
        request: &BuildRequest,
        allowed: BaseCheck<'_>,
        context: Reader,
    ) -> Result<Built, StoreError>;
    /// Keeps a tar (uncompressed on arrival) under its digest.
    async fn put_blob(&self, content: Reader) -> Result<Kept, StoreError>;
    /// Removes all blobs that neither an image nor `needed` has, and returns their number. Does not remove a
    /// blob that is being put: `needed` is called while nothing new is [`Kept`].
    async fn sweep(&self, needed: &(dyn Fn() -> HashSet<Digest> + Sync)) -> Result<usize, StoreError>;
    /// Checks that the store can be written to now. Returns the reason if it cannot.
    async fn check(&self) -> Result<(), StoreError>;
    /// Returns the size of its blobs, in bytes.
    async fn size_bytes(&self) -> Result<u64, StoreError>;
    /// Reads a blob and its size in bytes.
    async fn blob(&self, digest: &Digest) -> Result<(Reader, u64), StoreError>;
}
