//! The Lease of an installation. At most one process holds it.
//!
//! No clocks of two machines are compared: a process that waits takes the Lease of another one after it has seen
//! it unchanged for [`DURATION`]. While the API server is away nobody can take it, so the holder goes on, and
//! renews it afterwards. A holder that alone could not reach the API server ends as soon as it sees the next one.

use std::time::Duration;

use engine::ports::ClusterError;
use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::Lease as Object;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::{Api, Client, api::PostParams};
use tokio::time::{Instant, sleep, timeout};

use crate::labels;
use crate::retry::once;

/// The time for which a Lease is held after its last renewal. After a crash the next process waits for this long.
const DURATION: Duration = Duration::from_secs(15);
/// The interval of renewals. Two may fail before another process can take the Lease.
const RENEWAL: Duration = Duration::from_secs(5);
/// The pause after a renewal that failed.
const PAUSE: Duration = Duration::from_secs(1);
/// The time limit of one try.
const LIMIT: Duration = Duration::from_secs(4);
/// The error of a try that takes longer.
const SILENT: &str = "no answer in 4 s";
/// The object's name in errors.
const OBJECT: &str = "the lease";

/// The Lease of one installation, for a process that wants to hold it.
#[derive(Clone)]
pub struct Lease {
    api: Api<Object>,
    name: String,
    /// The object that is created if there is none.
    new: Object,
    identity: String,
    /// Another process's Lease, and the time since which it is unchanged.
    seen: Option<(Object, Instant)>,
}

/// A Lease that this process holds until it is [lost](HeldLease::lost) or [released](HeldLease::release).
#[derive(Clone)]
pub struct HeldLease(Lease);

/// The reason why this process does not hold the Lease.
#[derive(Debug, thiserror::Error)]
pub enum NotHeld {
    /// Another process holds it.
    #[error("{0} holds it")]
    By(String),
    /// It can be neither read nor written.
    #[error("it cannot be taken: {0}")]
    Cluster(#[from] ClusterError),
}

impl Lease {
    /// Returns its name. Names of objects have fewer characters than those of installations.
    #[must_use]
    pub fn name(instance: &str) -> String {
        format!("chainpod-{}", instance.to_lowercase().replace(['_', '.'], "-"))
    }

    /// The Lease of `instance` in `namespace`, for a process that calls itself `identity`. A process that takes
    /// the place of a dead one has the same identity, and need not wait.
    #[must_use]
    pub fn new(client: Client, namespace: &str, instance: &str, identity: &str) -> Self {
        let (name, mut new) = (Self::name(instance), Object::default());
        new.metadata.name = Some(name.clone());
        new.metadata.labels = Some(labels::of_lease(instance));
        Self {
            api: Api::namespaced(client, namespace),
            name,
            new,
            identity: identity.to_owned(),
            seen: None,
        }
    }

    /// Tries once to take the Lease, for a few seconds at most. Call it each second until it succeeds.
    ///
    /// # Errors
    /// Returns the reason why this process does not hold it.
    pub async fn try_take(&mut self) -> Result<HeldLease, NotHeld> {
        let silent = |_| ClusterError::Unavailable(SILENT.to_owned());
        timeout(LIMIT, self.claim()).await.map_err(silent)??;
        Ok(HeldLease(self.clone()))
    }

    /// Makes this process the holder, if the Lease is free, expired, or its own already.
    async fn claim(&mut self) -> Result<(), NotHeld> {
        let found = once(OBJECT, self.api.get_opt(&self.name)).await?;
        let other = found.as_ref().and_then(|found| self.other_holder(found));
        if let (Some(found), Some(holder)) = (&found, other)
            && !self.is_expired(found)
        {
            return Err(NotHeld::By(holder));
        }
        self.seen = None;
        // A Lease that was found has its version: the request fails if somebody has changed it since.
        let (creates, held) = (
            found.is_none(),
            self.held(found.unwrap_or_else(|| self.new.clone())),
        );
        let params = PostParams::default();
        match creates {
            true => once(OBJECT, self.api.create(&params, &held)).await?,
            false => once(OBJECT, self.api.replace(&self.name, &params, &held)).await?,
        };
        Ok(())
    }

    fn other_holder(&self, found: &Object) -> Option<String> {
        let holder = found.spec.as_ref()?.holder_identity.clone()?;
        (!holder.is_empty() && holder != self.identity).then_some(holder)
    }

    /// Returns true if it is unchanged for long enough. Begins to count if it has changed.
    fn is_expired(&mut self, found: &Object) -> bool {
        match &self.seen {
            Some((seen, since)) if seen == found => since.elapsed() >= DURATION,
            _ => {
                self.seen = Some((found.clone(), Instant::now()));
                false
            }
        }
    }

    fn held(&self, mut object: Object) -> Object {
        let now = MicroTime(Timestamp::now());
        let spec = object.spec.get_or_insert_default();
        if spec.holder_identity.as_deref() != Some(self.identity.as_str()) {
            spec.lease_transitions = Some(spec.lease_transitions.map_or(0, |count| count + 1));
            spec.acquire_time = Some(now.clone());
        }
        spec.holder_identity = Some(self.identity.clone());
        spec.lease_duration_seconds = i32::try_from(DURATION.as_secs()).ok();
        spec.renew_time = Some(now);
        object
    }
}

impl HeldLease {
    /// Renews it until another process holds it, and returns that one's name.
    pub async fn lost(mut self) -> String {
        let mut pause = RENEWAL;
        loop {
            sleep(pause).await;
            let why = match timeout(LIMIT, self.0.claim()).await {
                Ok(Ok(())) => {
                    pause = RENEWAL;
                    continue;
                }
                Ok(Err(NotHeld::By(holder))) => return holder,
                Ok(Err(error)) => error.to_string(),
                Err(_) => SILENT.to_owned(),
            };
            tracing::warn!(why, "the lease was not renewed; trying again");
            pause = PAUSE;
        }
    }

    /// Lets the next process take it at once. If that fails, the next one waits until it expires.
    pub async fn release(self) {
        let why = match timeout(LIMIT, self.try_release()).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => SILENT.to_owned(),
        };
        tracing::warn!(
            why,
            "the lease was not released: the next process waits until it expires"
        );
    }

    async fn try_release(&self) -> Result<(), ClusterError> {
        let Lease { api, name, .. } = &self.0;
        let mut found = once(OBJECT, api.get(name)).await?;
        if self.0.other_holder(&found).is_none() {
            found.spec.get_or_insert_default().holder_identity = None;
            once(OBJECT, api.replace(name, &PostParams::default(), &found)).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
