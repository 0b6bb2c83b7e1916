//! The port to Kubernetes.

use std::collections::HashSet;
use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use jiff::Timestamp;

use super::error::ClusterError;
use crate::container::{Container, Owner, Record};
use crate::failure::Cause;
use crate::launch::Launch;
use crate::name::{PodName, RecordName, Scope};
use crate::news::News;

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
    /// joins the 16 KiB pieces in which a runtime keeps a long line. Four such pieces need few system calls.
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
    /// Deletes the Pod with that grace period. It must not be 0: Kubernetes would forget the Pod without
    /// ending its program. Returns `NotFound` if there is no such Pod.
    async fn delete_pod(&self, pod: &PodName, grace: Duration) -> Result<(), ClusterError>;
    /// Returns the names of the scope's Pods in any state.
    async fn pod_names(&self, scope: &Scope) -> Result<HashSet<PodName>, ClusterError>;
    /// Returns a cause that the Pod's status does not show, from its Events or its agent's log, or none if
    /// the Pod makes progress.
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
