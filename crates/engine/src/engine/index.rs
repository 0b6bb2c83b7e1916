//! The index of the scope's containers that this process knows. Its own writes and the watch fill it. It is
//! searched by name, id or id prefix.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::seen::is_newer;
use super::span::is_about;
use super::{Engine, Live};
use crate::container::Record;
use crate::error::{Error, Result};
use crate::name::{ContainerId, RecordName};

mod gone;

use self::gone::Gone;

#[derive(Default)]
pub(super) struct Index(Mutex<Known>);

#[derive(Default)]
struct Known {
    containers: HashMap<RecordName, Arc<Live>>,
    /// The containers by id, in order: those with the same prefix are neighbours.
    ids: BTreeMap<String, RecordName>,
    /// The records that were removed lately.
    gone: Gone,
}

impl Index {
    /// Adds a record that was read from the cluster. Returns none if it has been removed since it was read. A late
    /// watch event may report a record that has since been removed and created again.
    pub(super) fn adopt(&self, record: Record) -> Option<Arc<Live>> {
        let mut known = self.lock();
        if known.gone.has(&record.uid) {
            return None;
        }
        if let Some(live) = known.containers.get(&record.name) {
            let last = live.record();
            if last.uid == record.uid {
                live.adopt(record);
                return Some(Arc::clone(live));
            }
            if !is_newer(&record.version, &last.version) {
                return Some(Arc::clone(live));
            }
            live.set_gone();
            known.ids.remove(&last.container.id.0);
        }
        let (name, id) = (record.name.clone(), record.container.id.0.clone());
        let live = Arc::new(Live::new(record));
        known.containers.insert(name.clone(), Arc::clone(&live));
        known.ids.insert(id, name);
        Some(live)
    }

    /// Removes the record of that name and uid. All calls that wait for it are notified that it is gone.
    pub(super) fn forget(&self, name: &RecordName, uid: &str) {
        let mut known = self.lock();
        known.gone.note(uid);
        if known
            .containers
            .get(name)
            .is_some_and(|live| live.seen().record.uid == uid)
            && let Some(live) = known.containers.remove(name)
        {
            known.ids.remove(&live.seen().record.container.id.0);
            live.set_gone();
        }
    }

    /// Returns all containers that are not gone.
    pub(super) fn all(&self) -> Vec<Arc<Live>> {
        let known = self.lock();
        let all = known.containers.values();
        all.filter(|live| !live.is_gone()).cloned().collect()
    }

    /// Returns the number of containers that are not gone.
    pub(super) fn count(&self) -> usize {
        let known = self.lock();
        known.containers.values().filter(|live| !live.is_gone()).count()
    }

    pub(super) fn by_name(&self, name: &RecordName) -> Option<Arc<Live>> {
        self.lock().there(name)
    }

    /// Returns the container whose id begins with `prefix`.
    fn by_id(&self, prefix: &str) -> Result<Option<Arc<Live>>> {
        let known = self.lock();
        let from = known.ids.range(prefix.to_owned()..);
        let mut found = from
            .take_while(|(id, _)| id.starts_with(prefix))
            .filter_map(|(_, name)| known.there(name));
        match (found.next(), found.next()) {
            (first, None) => Ok(first),
            _ => Err(Error::AmbiguousPrefix(prefix.to_owned())),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn there(&self, name: &RecordName) -> Option<Arc<Live>> {
        self.containers.get(name).filter(|live| !live.is_gone()).cloned()
    }
}

impl Engine {
    /// Finds a container by name, id or unique id prefix. Asks the cluster about a container that this
    /// process does not know yet: another process may have made it.
    pub(super) async fn find(&self, reference: &str) -> Result<Arc<Live>> {
        let live = self.look_up(reference).await?;
        is_about(&live.record().container);
        Ok(live)
    }

    /// Reads all records of the scope into the index.
    pub(super) async fn know_all(&self) -> Result<()> {
        for record in self.0.cluster.records(self.scope()).await? {
            self.0.index.adopt(record);
        }
        Ok(())
    }

    /// Returns all containers, newest first, including those of other processes.
    ///
    /// # Errors
    /// Returns the cluster's error.
    pub async fn containers(&self) -> Result<Vec<Record>> {
        self.know_all().await?;
        let all = self.0.index.all();
        let mut records: Vec<_> = all.iter().map(|live| live.record()).collect();
        records.sort_by_key(|record| std::cmp::Reverse(record.container.created));
        Ok(records)
    }

    async fn look_up(&self, reference: &str) -> Result<Arc<Live>> {
        let reference = reference.trim_start_matches('/');
        if let Some(live) = self.in_index(reference)? {
            return Ok(live);
        }
        let name = RecordName::new(self.scope(), reference);
        // A list has all names too, and clients use ids that they were given.
        if !ContainerId::is_whole(reference)
            && is_name(reference)
            && let Some(live) = self.find_name(&name).await?
        {
            return Ok(live);
        }
        if is_id(reference) {
            self.know_all().await?;
            if let Some(live) = self.in_index(reference)? {
                return Ok(live);
            }
        }
        Err(Error::NoSuchContainer(reference.to_owned()))
    }

    /// Finds a container among those that this process knows: by its whole id, its name, or the prefix of its
    /// id, in Docker's order.
    fn in_index(&self, reference: &str) -> Result<Option<Arc<Live>>> {
        let index = &self.0.index;
        let by_name = || index.by_name(&RecordName::new(self.scope(), reference));
        if ContainerId::is_whole(reference) {
            return Ok(index.by_id(reference)?.or_else(by_name));
        }
        match by_name() {
            None if is_id(reference) => index.by_id(reference),
            found => Ok(found),
        }
    }

    /// Finds a container by its record's name.
    pub(super) async fn find_name(&self, name: &RecordName) -> Result<Option<Arc<Live>>> {
        self.find_if(name, |_| true).await
    }

    /// Finds a container by its record's name. Does not take in a record that is not wanted, or that belongs to
    /// another installation.
    pub(super) async fn find_if(
        &self,
        name: &RecordName,
        is_wanted: impl Fn(&Record) -> bool,
    ) -> Result<Option<Arc<Live>>> {
        if let Some(live) = self.0.index.by_name(name) {
            let wanted = is_wanted(&live.seen().record);
            return Ok(wanted.then_some(live));
        }
        let record = self.0.cluster.record(name).await?;
        let ours = |record: &Record| record.container.scope == *self.scope() && is_wanted(record);
        Ok(record.filter(ours).and_then(|record| self.0.index.adopt(record)))
    }
}

/// Returns true for an id or the beginning of one.
fn is_id(reference: &str) -> bool {
    !reference.is_empty() && reference.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Returns true if a container may have that name.
fn is_name(reference: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    !reference.is_empty() && reference.bytes().all(legal)
}
