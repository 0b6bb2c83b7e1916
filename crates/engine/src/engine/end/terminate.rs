//! Ends a program for certain: by its agent, or else with its Pod.

use std::sync::Arc;
use std::time::Duration;

use agent_protocol::Command;
use tokio::time::Instant;

use crate::engine::{CALL_LIMIT, Engine, Live};
use crate::error::Result;
use crate::failure::Who;
use crate::life::Transition;
use crate::name::PodName;
use crate::phase::Phase;
use crate::ports::ClusterError;

/// SIGKILL.
pub(super) const SIGKILL: i32 = 9;
/// SIGTERM, which stop sends first.
pub(super) const SIGTERM: i32 = 15;
/// Time in which the end of a program must be reported after SIGKILL. When it is over, the call is answered
/// without the report.
const KILL_LIMIT: Duration = Duration::from_secs(4);
/// The grace period of a Pod's deletion. With 0, Kubernetes would forget the Pod without ending its program.
pub(in crate::engine) const POD_GRACE: Duration = Duration::from_secs(1);

impl Engine {
    /// Ends the program of the `start`-th start for certain: by its agent, or else with its Pod. If its end
    /// is not reported in time, the record says so.
    ///
    /// # Errors
    /// Returns the API server's error if the Pod cannot be deleted because the server is away, or if the end
    /// cannot be recorded.
    pub(super) async fn end(&self, live: &Arc<Live>, start: u32) -> Result<()> {
        let ended = self.end_for_certain(live, start).await;
        ended.map_err(|error| error.of(|| format!("{} cannot be ended", Who(&live.record().container))))
    }

    async fn end_for_certain(&self, live: &Arc<Live>, start: u32) -> Result<()> {
        live.set_told_to_end(start);
        let runs = || live.record().container.phase == Phase::Running;
        if runs()
            && live.commands.tell(start, Command::Signal { number: SIGKILL })
            && tokio::time::timeout(KILL_LIMIT, ended(live, start)).await.is_ok()
        {
            return Ok(());
        }
        let was_there = self.end_pod(live, start).await?;
        if was_there && runs() && tokio::time::timeout(KILL_LIMIT, ended(live, start)).await.is_ok() {
            return Ok(());
        }
        let unseen = match was_there || !runs() {
            true => Transition::EndedUnseen { start },
            false => Transition::Vanished {
                start,
                holder: None,
                asked: true,
            },
        };
        self.insist_until(live, unseen, Instant::now() + CALL_LIMIT).await
    }

    /// Deletes the Pod of the `start`-th start, unless another start has begun. Returns false if the Pod was
    /// gone before.
    ///
    /// # Errors
    /// Returns `Unavailable` if the API server is away.
    pub(in crate::engine) async fn end_pod(&self, live: &Live, start: u32) -> Result<bool> {
        let record = live.record();
        if start == 0 || !record.container.is_at(start) {
            return Ok(true);
        }
        self.delete_pod(&record.pod_name(), POD_GRACE).await
    }

    /// Deletes a Pod. Returns false if it was gone before.
    ///
    /// # Errors
    /// Returns `Unavailable` if the API server is away.
    pub(in crate::engine) async fn delete_pod(&self, pod: &PodName, grace: Duration) -> Result<bool> {
        match self.0.cluster.delete_pod(pod, grace).await {
            Ok(()) => Ok(true),
            Err(ClusterError::NotFound(_)) => Ok(false),
            Err(error) => {
                tracing::warn!(%pod, %error, "cannot delete the pod");
                match error {
                    ClusterError::Unavailable(_) => Err(error.into()),
                    _ => Ok(true),
                }
            }
        }
    }
}

/// Waits until the program of the `start`-th start has ended.
pub(super) async fn ended(live: &Live, start: u32) {
    live.until(|seen| {
        let container = &seen.record.container;
        (seen.gone || !container.phase.is_live() || !container.is_at(start)).then_some(())
    })
    .await;
}
