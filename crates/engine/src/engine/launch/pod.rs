//! Creates the Pod of a start, and a second Pod if the first one has no agent.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::end::POD_GRACE;
use crate::engine::{Engine, Live};
use crate::fabric::is_own;
use crate::failure::Cause;
use crate::launch::Launch;
use crate::life::Transition;
use crate::name::PodName;
use crate::phase::Phase;
use crate::ports::ClusterError;
use crate::process::Process;
use crate::retry::Retry;

/// The interval between attempts while a quota is full. The kubelet reports ends once a second.
const TRY_QUOTA_EVERY: Duration = Duration::from_millis(500);

impl Engine {
    pub(super) async fn launch(&self, live: &Arc<Live>, process: &Process) -> std::result::Result<(), Cause> {
        if let Some(address) = process.peer_address().filter(|address| is_own(address)) {
            return Err(Cause::PeerAddress(address.to_owned()));
        }
        let image = live.record().container.image.reference;
        let ruled = self
            .ruled(&image)
            .map_err(|error| Cause::Refused(error.to_string()))?;
        let process = self.process(live, &ruled).await?;
        let record = live.record();
        let launch = Launch::of(&record, process, ruled, &self.0.settings.agent_url);
        if launch.directories.iter().any(|directory| directory.path == "/") {
            return Err(Cause::AtRoot);
        }
        let is_over = || {
            let now = live.record().container;
            live.is_gone() || now.starts != record.container.starts || now.phase != Phase::Starting
        };
        let call = || async {
            if is_over() {
                return Ok(());
            }
            self.0.cluster.launch(&launch).await.map_err(Cause::from)
        };
        // The Pod of a program that has just ended counts towards the quota a little longer.
        let is_full = |cause: &Cause| {
            let is_full = matches!(cause, Cause::Quota(_));
            if is_full {
                tracing::debug!(cause = cause.name(), "the quota is full: trying again");
            }
            is_full
        };
        let quota = Retry::every(TRY_QUOTA_EVERY, self.limits().quota);
        quota.run(call, is_full).await
    }

    /// Deletes the Pod of a start that a stop or removal ended while the Pod was being created.
    pub(super) async fn end_if_overtaken(&self, live: &Live, start: u32) {
        let container = live.record().container;
        let ended =
            container.starts == start && container.phase == Phase::Exited && container.started_at.is_none();
        if ended || live.is_gone() {
            // If this fails, garbage collection deletes the Pod with its record.
            let _ = self.end_pod(live, start).await;
        }
    }

    /// Repeats the `start`-th start at once, because its Pod has no agent: the next Pod gets the agent in
    /// another way.
    pub(in crate::engine) async fn repeat_start(
        &self,
        live: &Arc<Live>,
        start: u32,
        without_agent: &PodName,
        reason: String,
    ) {
        let repeated = self.enact(live, Transition::Repeated { start }).await;
        if repeated.is_none() {
            // This is the second time, and there is no third way.
            let cause = Cause::Agent(reason);
            self.enact(live, Transition::FailedToBegin { start, cause }).await;
            return;
        }
        tracing::info!(
            reason,
            "pod {without_agent} got no agent from the image volume; starting another pod that copies it"
        );
        let process = Process::of(&live.record().container);
        let (launched, _) = tokio::join!(
            self.launch(live, &process),
            self.delete_pod(without_agent, POD_GRACE)
        );
        match launched {
            Ok(()) => self.end_if_overtaken(live, start + 1).await,
            Err(cause) => {
                let start = start + 1;
                self.enact(live, Transition::FailedToBegin { start, cause }).await;
            }
        }
    }
}

impl From<ClusterError> for Cause {
    fn from(error: ClusterError) -> Self {
        match error {
            ClusterError::Unavailable(_) => Self::Unavailable(error.to_string()),
            ClusterError::QuotaFull(message) => Self::Quota(message),
            other => Self::Refused(other.to_string()),
        }
    }
}
