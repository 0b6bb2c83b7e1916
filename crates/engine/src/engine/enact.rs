//! Writes changes of containers to their records by compare-and-swap, and then carries out the consequences
//! in the table of [`life`](crate::life).

use std::sync::Arc;

use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use super::end::POD_GRACE;
use super::{AWAY, Engine, Live};
use crate::error::{Error, Result};
use crate::life::{Change, Here, Telling, Transition};
use crate::ports::ClusterError;

/// The number of attempts of a compare-and-swap against concurrent writers.
const SWAP_ATTEMPTS: u32 = 16;

impl Engine {
    /// Records a client's request. Returns the consequences, or none if the table changes nothing.
    ///
    /// # Errors
    /// Returns `NoSuchContainer`, or the API server's error.
    pub(super) async fn attempt(&self, live: &Arc<Live>, transition: &Transition) -> Result<Option<Change>> {
        let change = self.swap(live, transition, Timestamp::now()).await?;
        if let Some(change) = &change {
            self.follow(live, change).await;
        }
        Ok(change)
    }

    /// Does the same as [`Engine::insist`]. Returns none if the record cannot be written.
    pub(super) async fn enact(&self, live: &Arc<Live>, transition: Transition) -> Option<Change> {
        self.insist(live, transition).await.unwrap_or_else(|error| {
            tracing::warn!(record = %live.record().name, %error, "the record was not written");
            None
        })
    }

    /// Records an event and carries out its consequences. Repeats this until the API server answers. Returns
    /// the consequences, or none if the table changes nothing.
    ///
    /// # Errors
    /// Returns the API server's error if it refuses the change.
    pub(super) async fn insist(&self, live: &Arc<Live>, transition: Transition) -> Result<Option<Change>> {
        let now = Timestamp::now();
        let may_pass = |error: &Error| match error {
            Error::Cluster(error @ (ClusterError::Unavailable(_) | ClusterError::Conflict(_))) => {
                tracing::warn!(record = %live.record().name, %error, "cannot write the record; trying again");
                true
            }
            _ => false,
        };
        let change = match AWAY.run(|| self.swap(live, &transition, now), may_pass).await {
            Ok(Some(change)) => change,
            // The container is gone, so nobody needs to know.
            Ok(None) | Err(Error::NoSuchContainer(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        self.follow(live, &change).await;
        Ok(Some(change))
    }

    /// Does the same as [`Engine::insist`] for a call that must be answered: from `by` on, it goes on in the
    /// background.
    ///
    /// # Errors
    /// Returns the API server's error. That is `Unavailable` if the change is not on the record in time.
    pub(super) async fn insist_until(
        &self,
        live: &Arc<Live>,
        transition: Transition,
        by: Instant,
    ) -> Result<()> {
        let (engine, its) = (self.clone(), Arc::clone(live));
        let insisting = async move {
            let insisted = engine.insist(&its, transition).await;
            insisted.map(drop).inspect_err(
                |error| tracing::warn!(record = %its.record().name, %error, "the record was not written"),
            )
        };
        let insisting = tokio::spawn(insisting.in_current_span());
        match timeout_at(by, insisting).await {
            Ok(Ok(insisted)) => insisted,
            Ok(Err(_)) | Err(_) => {
                let name = live.record().name;
                Err(ClusterError::Unavailable(format!("record {name} cannot be written")).into())
            }
        }
    }

    /// Applies `transition` to the newest record, and repeats this while other writers change the record at
    /// the same time.
    async fn swap(&self, live: &Live, transition: &Transition, now: Timestamp) -> Result<Option<Change>> {
        for _ in 0..SWAP_ATTEMPTS {
            let mut record = live.record();
            if live.is_gone() {
                return Err(Error::NoSuchContainer(record.container.id.0));
            }
            let here = Here {
                boot: self.0.boot.clone(),
                waits: live.seen().open.waits > 0,
            };
            let Some(change) = transition.apply(&mut record, &here, now) else {
                return Ok(None);
            };
            match self.0.cluster.update_record(&record).await {
                Ok(record) => {
                    live.adopt(record);
                    return Ok(Some(change));
                }
                Err(ClusterError::Conflict(_)) => self.refresh(live).await?,
                Err(ClusterError::NotFound(_)) => live.set_gone(),
                Err(error) => return Err(error.into()),
            }
        }
        Err(ClusterError::Conflict(live.record().name.0).into())
    }

    /// Reads a container's record again. Its version may be older than the known one: etcd may have been restored
    /// from a backup.
    pub(super) async fn refresh(&self, live: &Live) -> Result<()> {
        let known = live.record();
        match self.0.cluster.record(&known.name).await? {
            Some(record) if record.uid == known.uid => live.adopt_after(&known.version, record),
            _ => live.set_gone(),
        }
        Ok(())
    }

    async fn follow(&self, live: &Arc<Live>, change: &Change) {
        match (&change.news, change.telling) {
            (Some(news), Telling::Kept) => {
                self.report_end(live, change.start, news.clone(), change.keeps_last_lines);
            }
            (Some(news), Telling::Told) => self.announce(&live.record(), news.clone()),
            (Some(_), Telling::Silent) | (None, _) => {}
        }
        if let Some(pod) = &change.ends_pod {
            // The cluster's garbage collection deletes it with the record at the latest.
            let _ = self.delete_pod(pod, POD_GRACE).await;
        }
    }
}
