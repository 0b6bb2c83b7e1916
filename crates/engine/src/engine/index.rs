//! The index of the scope's containers that this process knows. Its own writes and the watch fill it. It is
//! searched by name, id or id prefix.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::seen::is_newer;
use super::span::is_about;
use super::{Engine, Live};
use crate::container::Record;
use crate::error::{Error, Result};
use crate::name::RecordName;

#[derive(Default)]
pub(super) struct Index(Mutex<HashMap<RecordName, Arc<Live>>>);

impl Index {
    /// Adds a record that was read from the cluster. A late watch event may report a record that has since
    /// been removed and created again.
    pub(super) fn adopt(&self, record: Record) -> Arc<Live> {
        let mut containers = self.lock();
        if let Some(live) = containers.get(&record.name) {
            let known = live.record();
            if known.uid == record.uid {
                live.adopt(record);
                return Arc::clone(live);
            }
            if !is_newer(&record.version, &known.version) {
                return Arc::clone(live);
            }
            live.set_gone();
        }
        let name = record.name.clone();
        let live = Arc::new(Live::new(record));
        containers.insert(name, Arc::clone(&live));
        live
    }

    /// Removes the record of that name and uid. All calls that wait for it are notified that it is gone.
    pub(super) fn forget(&self, name: &RecordName, uid: &str) {
        let mut containers = self.lock();
        if containers.get(name).is_some_and(|live| live.record().uid == uid)
            && let Some(live) = containers.remove(name)
        {
            live.set_gone();
        }
    }

    /// Returns all containers that are not gone.
    pub(super) fn all(&self) -> Vec<Arc<Live>> {
        self.lock()
            .values()
            .filter(|live| !live.is_gone())
            .cloned()
            .collect()
    }

    pub(super) fn by_name(&self, name: &RecordName) -> Option<Arc<Live>> {
        self.lock().get(name).filter(|live| !live.is_gone()).cloned()
    }

    /// Returns the container whose id begins with `prefix`.
    fn by_id(&self, prefix: &str) -> Result<Option<Arc<Live>>> {
        let containers = self.lock();
        let mut found = containers
            .values()
            .filter(|live| !live.is_gone() && live.record().container.id.0.starts_with(prefix));
        match (found.next(), found.next()) {
            (first, None) => Ok(first.cloned()),
            _ => Err(Error::AmbiguousPrefix(prefix.to_owned())),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RecordName, Arc<Live>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
        let name = RecordName::new(self.scope(), reference);
        if let Some(live) = self.find_name(&name).await? {
            return Ok(live);
        }
        if !reference.is_empty() && reference.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            if let Some(live) = self.0.index.by_id(reference)? {
                return Ok(live);
            }
            self.know_all().await?;
            if let Some(live) = self.0.index.by_id(reference)? {
                return Ok(live);
            }
        }
        Err(Error::NoSuchContainer(reference.to_owned()))
    }

    /// Finds a container by its record's name.
    pub(super) async fn find_name(&self, name: &RecordName) -> Result<Option<Arc<Live>>> {
        if let Some(live) = self.0.index.by_name(name) {
            return Ok(Some(live));
        }
        let record = self.0.cluster.record(name).await?;
        Ok(record.map(|record| self.0.index.adopt(record)))
    }
}
