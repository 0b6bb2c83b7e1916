//! The records that were removed lately. A list or a read that the API server answered before a removal may
//! arrive after it. It must not bring the record back, because no event would ever remove it again.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

/// Time for which a removed record is known. One attempt of a request takes less, and each is a new read.
const KEPT: Duration = Duration::from_secs(60);
/// Most records that are known: more than an API server removes in that time.
const MOST: usize = 20_000;

/// The uids of removed records.
#[derive(Default)]
pub(super) struct Gone {
    /// The oldest is first.
    order: VecDeque<(Instant, String)>,
    uids: HashSet<String>,
}

impl Gone {
    /// Notes that the record of that uid has been removed.
    pub(super) fn note(&mut self, uid: &str) {
        let now = Instant::now();
        while let Some((at, _)) = self.order.front()
            && (self.order.len() >= MOST || now.duration_since(*at) > KEPT)
        {
            if let Some((_, uid)) = self.order.pop_front() {
                self.uids.remove(&uid);
            }
        }
        if self.uids.insert(uid.to_owned()) {
            self.order.push_back((now, uid.to_owned()));
        }
    }

    /// Returns true if the record of that uid has been removed.
    pub(super) fn has(&self, uid: &str) -> bool {
        self.uids.contains(uid)
    }
}

#[cfg(test)]
mod tests;
