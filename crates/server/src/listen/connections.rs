//! The places for connections of one port: so many in all, and so many for each address. A client within its
//! share waits for a place, and one beyond it is refused at once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engine::Reminder;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits::{CONNECTIONS, HEADS_BYTES, SHARES};

/// The unit in which memory for heads is given out.
const KIB: usize = 1024;

/// The places for connections of one port. Cheap to clone.
#[derive(Clone)]
pub struct Connections(Arc<Inner>);

struct Inner {
    places: Arc<Semaphore>,
    /// Memory for long heads, in KiB.
    heads: Arc<Semaphore>,
    /// The number of connections that one address may have.
    share: usize,
    held: Mutex<HashMap<IpAddr, usize>>,
    /// Refusals are logged once a minute.
    reminder: Mutex<Reminder>,
}

/// The place of one connection, free again when this is dropped.
pub(super) struct Place {
    connections: Connections,
    address: Option<IpAddr>,
    /// None while the connection waits for its place.
    place: Option<OwnedSemaphorePermit>,
    head: Option<OwnedSemaphorePermit>,
}

impl Default for Connections {
    fn default() -> Self {
        Self::new(CONNECTIONS.amount())
    }
}

impl Connections {
    /// Returns places for at most `most` connections, a quarter of them for each address.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self(Arc::new(Inner {
            places: Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS))),
            heads: Arc::new(Semaphore::new(HEADS_BYTES.amount() / KIB)),
            share: most.div_ceil(SHARES),
            held: Mutex::default(),
            reminder: Mutex::default(),
        }))
    }

    /// Returns a place for a connection of that address, once there is one, or none if the address has its
    /// share. Connections within this machine have no address.
    pub(super) async fn admit(&self, address: Option<IpAddr>) -> Option<Place> {
        let address = address.map(|address| address.to_canonical());
        if let Some(address) = address {
            let mut held = self.held();
            let count = held.entry(address).or_default();
            if *count >= self.0.share {
                drop(held);
                self.log_refusal(address);
                return None;
            }
            *count += 1;
        }
        let mut place = Place {
            connections: self.clone(),
            address,
            place: None,
            head: None,
        };
        // The semaphore is never closed.
        place.place = Arc::clone(&self.0.places).acquire_owned().await.ok();
        Some(place)
    }

    /// Returns the number of connections that one address may have.
    pub(super) fn share(&self) -> usize {
        self.0.share
    }

    fn log_refusal(&self, address: IpAddr) {
        let mut reminder = self.0.reminder.lock().unwrap_or_else(PoisonError::into_inner);
        if reminder.is_due() {
            let share = self.0.share;
            tracing::warn!(%address, share, "a connection was refused: its address has its share of max-connections");
        }
    }

    fn held(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Takes memory for a head beyond what each connection has anyway. Returns false if there is none left.
    /// The connection keeps it until its end, as its buffer does not shrink.
    pub(super) fn reserve(&mut self, bytes: usize) -> bool {
        let wanted = bytes.div_ceil(KIB);
        let has = self.head.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let Some(more) = wanted.checked_sub(has).filter(|more| *more > 0) else {
            return true;
        };
        let heads = Arc::clone(&self.connections.0.heads);
        let Ok(more) = heads.try_acquire_many_owned(u32::try_from(more).unwrap_or(u32::MAX)) else {
            return false;
        };
        match &mut self.head {
            Some(head) => head.merge(more),
            None => self.head = Some(more),
        }
        true
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(address) = self.address else { return };
        if let Entry::Occupied(mut held) = self.connections.held().entry(address) {
            *held.get_mut() -= 1;
            if *held.get() == 0 {
                held.remove();
            }
        }
    }
}
