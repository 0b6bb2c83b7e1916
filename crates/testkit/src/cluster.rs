//! A cluster in memory with the API server's rules that matter: a name is taken once, and an update needs the
//! newest version. Pods do nothing by themselves. The test reports their states.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use engine::Cause;
use engine::container::{Container, Owner, Record};
use engine::launch::Launch;
use engine::name::{PodName, RecordName, Scope};
use engine::ports::{Cluster, ClusterError, Event, LogLine, News, SecretFile};
use futures::stream::BoxStream;
use tokio::sync::{Notify, mpsc};

mod log;

use self::log::Log;

/// A cluster in memory.
#[derive(Default)]
pub struct FakeCluster {
    state: Mutex<State>,
    launched: Notify,
}

#[derive(Default)]
struct State {
    records: BTreeMap<RecordName, Record>,
    secrets: BTreeSet<String>,
    pods: BTreeSet<String>,
    launches: Vec<Record>,
    log: Log,
    news: Vec<News>,
    counter: u64,
    conflicts: u32,
    refusal: Option<String>,
    full: u32,
    blocked: Option<Cause>,
    hung: bool,
    failure: Option<fn(String) -> ClusterError>,
    log_failure: Option<fn(String) -> ClusterError>,
    owner: Option<Owner>,
    watch: Option<mpsc::UnboundedSender<Event>>,
    late: Duration,
}

impl FakeCluster {
    /// Makes the next `count` updates conflict with somebody else's.
    pub fn conflict_next(&self, count: u32) {
        self.state.lock().unwrap().conflicts = count;
    }

    /// Refuses Pods from now on, with the API server's message.
    pub fn refuse_pods(&self, message: &str) {
        self.state.lock().unwrap().refusal = Some(message.to_owned());
    }

    /// Makes the quota full for the next `count` Pods.
    pub fn fill_quota(&self, count: u32) {
        self.state.lock().unwrap().full = count;
    }

    /// Blocks every Pod for that cause, as if Events or the agent's log showed it.
    pub fn block_pods(&self, cause: Cause) {
        self.state.lock().unwrap().blocked = Some(cause);
    }

    /// Clears that cause.
    pub fn unblock_pods(&self) {
        self.state.lock().unwrap().blocked = None;
    }

    /// Stops answering all requests for records from now on.
    pub fn hang(&self) {
        self.state.lock().unwrap().hung = true;
    }

    /// Answers all requests with this error from now on.
    pub fn fail(&self, error: fn(String) -> ClusterError) {
        self.state.lock().unwrap().failure = Some(error);
    }

    /// Answers requests again.
    pub fn recover(&self) {
        self.state.lock().unwrap().failure = None;
    }

    /// Sets the owner for every caller that has an address.
    pub fn set_owner(&self, owner: Owner) {
        self.state.lock().unwrap().owner = Some(owner);
    }

    /// Returns the names of the Pods that are there.
    pub fn pods(&self) -> Vec<String> {
        self.state.lock().unwrap().pods.iter().cloned().collect()
    }

    /// Puts back a record as it was, with its old version, as a backup of etcd does.
    pub fn restore(&self, record: Record) {
        let mut state = self.state.lock().unwrap();
        state.records.insert(record.name.clone(), record);
    }

    /// Removes a Pod, and reports nothing.
    pub fn lose_pod(&self, pod: &PodName) {
        self.state.lock().unwrap().pods.remove(&pod.0);
    }

    /// Returns the records of all starts, as they were then.
    pub fn launches(&self) -> Vec<Record> {
        self.state.lock().unwrap().launches.clone()
    }

    /// Returns the announced news, the oldest first.
    pub fn news(&self) -> Vec<News> {
        let mut news = self.state.lock().unwrap().news.clone();
        news.sort_by_key(|news| news.at);
        news
    }

    /// Delays the answer to making or deleting a Pod, or to a question for an owner, by this duration from now on. The change itself is done
    /// before.
    pub fn answer_late(&self, late: Duration) {
        self.state.lock().unwrap().late = late;
    }

    /// Returns all changes of records from now on, as a watch reports them.
    pub fn watch(&self) -> mpsc::UnboundedReceiver<Event> {
        let (sender, events) = mpsc::unbounded_channel();
        self.state.lock().unwrap().watch = Some(sender);
        events
    }

    /// Waits until a Pod has been made.
    pub async fn launched(&self) {
        self.launched.notified().await;
    }
}

impl FakeCluster {
    async fn answers(&self) -> Result<(), ClusterError> {
        let (hung, failure) = {
            let state = self.state.lock().unwrap();
            (state.hung, state.failure)
        };
        if hung {
            std::future::pending::<()>().await;
        }
        failure.map_or(Ok(()), |error| Err(error("no answer".to_owned())))
    }

    /// Delays an answer about a Pod.
    async fn late(&self) {
        let late = self.state.lock().unwrap().late;
        if !late.is_zero() {
            tokio::time::sleep(late).await;
        }
    }
}

impl State {
    fn next(&mut self) -> String {
        self.counter += 1;
        self.counter.to_string()
    }

    /// Sends an event to the watch, if there is one.
    fn tell(&self, event: Event) {
        if let Some(watch) = &self.watch {
            let _ = watch.send(event);
        }
    }
}

#[async_trait]
impl Cluster for FakeCluster {
    async fn create_record(&self, name: &RecordName, container: &Container) -> Result<Record, ClusterError> {
        self.answers().await?;
        let mut state = self.state.lock().unwrap();
        if state.records.contains_key(name) {
            return Err(ClusterError::AlreadyExists(name.0.clone()));
        }
        let (uid, version) = (format!("uid-{}", state.next()), state.next());
        let record = Record {
            name: name.clone(),
            uid,
            version,
            metadata: "".into(),
            container: container.clone(),
        };
        state.records.insert(name.clone(), record.clone());
        state.tell(Event::Record(Box::new(record.clone())));
        Ok(record)
    }

    async fn record(&self, name: &RecordName) -> Result<Option<Record>, ClusterError> {
        self.answers().await?;
        Ok(self.state.lock().unwrap().records.get(name).cloned())
    }

    async fn records(&self, scope: &Scope) -> Result<Vec<Record>, ClusterError> {
        self.answers().await?;
        let state = self.state.lock().unwrap();
        Ok(state
            .records
            .values()
            .filter(|record| record.container.scope == *scope)
            .cloned()
            .collect())
    }

    async fn update_record(&self, record: &Record) -> Result<Record, ClusterError> {
        self.answers().await?;
        let mut state = self.state.lock().unwrap();
        let version = state.next();
        let conflict = state.conflicts > 0;
        state.conflicts = state.conflicts.saturating_sub(1);
        let known = state
            .records
            .get_mut(&record.name)
            .ok_or(ClusterError::NotFound(record.name.0.clone()))?;
        if conflict {
            known.version = version;
            return Err(ClusterError::Conflict(record.name.0.clone()));
        }
        if known.version != record.version {
            return Err(ClusterError::Conflict(record.name.0.clone()));
        }
        *known = Record {
            version,
            ..record.clone()
        };
        let record = known.clone();
        state.tell(Event::Record(Box::new(record.clone())));
        Ok(record)
    }

    async fn delete_record(&self, record: &Record) -> Result<(), ClusterError> {
        self.answers().await?;
        let mut state = self.state.lock().unwrap();
        let removed = state.records.remove(&record.name);
        let removed = removed.ok_or(ClusterError::NotFound(record.name.0.clone()))?;
        // Garbage collection deletes the objects that a record owns.
        state.pods.remove(&removed.pod_name().0);
        state.tell(Event::RecordGone(removed.name, removed.uid));
        Ok(())
    }

    async fn create_files(
        &self,
        record: &Record,
        number: u32,
        _: Vec<SecretFile>,
    ) -> Result<(), ClusterError> {
        let name = format!("{}-{number}", record.name);
        let created = self.state.lock().unwrap().secrets.insert(name.clone());
        if created {
            Ok(())
        } else {
            Err(ClusterError::AlreadyExists(name))
        }
    }

    async fn launch(&self, launch: &Launch<'_>) -> Result<(), ClusterError> {
        self.answers().await?;
        {
            let mut state = self.state.lock().unwrap();
            if let Some(message) = &state.refusal {
                return Err(ClusterError::Refused(message.clone()));
            }
            if state.full > 0 {
                state.full -= 1;
                return Err(ClusterError::QuotaFull("exceeded quota: pods".to_owned()));
            }
            state.pods.insert(launch.record.pod_name().0);
            state.launches.push(launch.record.clone());
        }
        self.launched.notify_one();
        self.late().await;
        Ok(())
    }

    async fn delete_pod(&self, pod: &PodName, _: Duration) -> Result<(), ClusterError> {
        self.answers().await?;
        let was_there = self.state.lock().unwrap().pods.remove(&pod.0);
        self.late().await;
        let gone = || ClusterError::NotFound(pod.0.clone());
        was_there.then_some(()).ok_or_else(gone)
    }

    async fn pod_names(&self, _: &Scope) -> Result<HashSet<PodName>, ClusterError> {
        self.answers().await?;
        Ok(self.pods().into_iter().map(PodName).collect())
    }

    async fn blocked(&self, _: &PodName) -> Result<Option<Cause>, ClusterError> {
        Ok(self.state.lock().unwrap().blocked.clone())
    }

    async fn owner(&self, _caller: IpAddr) -> Result<Option<Owner>, ClusterError> {
        self.late().await;
        Ok(self.state.lock().unwrap().owner.clone())
    }

    async fn tell(&self, _: &Record, news: &News) -> Result<(), ClusterError> {
        self.state.lock().unwrap().news.push(news.clone());
        Ok(())
    }

    async fn logs(
        &self,
        pod: &PodName,
        since: Option<jiff::Timestamp>,
        tail: Option<usize>,
        follow: bool,
    ) -> Result<BoxStream<'static, Result<LogLine, ClusterError>>, ClusterError> {
        self.answers().await?;
        let mut state = self.state.lock().unwrap();
        if let Some(error) = state.log_failure {
            return Err(error("no log".to_owned()));
        }
        if !state.pods.contains(&pod.0) {
            return Err(ClusterError::NotFound(pod.0.clone()));
        }
        Ok(state.log.read(since, tail, follow))
    }
}
