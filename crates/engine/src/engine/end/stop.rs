//! Stop and kill: the agent signals the program. If the agent cannot be reached, the Pod is deleted. The call
//! is answered when the program has ended.

use std::sync::Arc;
use std::time::Duration;

use agent_protocol::Command;

use crate::container::Container;
use crate::engine::{Engine, Live};
use crate::error::{Error, Result};
use crate::life::Transition;
use crate::name::PodName;
use crate::phase::{Legality, Operation, Phase};

/// SIGKILL.
const SIGKILL: i32 = 9;
/// SIGTERM, which stop sends first.
const SIGTERM: i32 = 15;
/// Time in which the end of a program must be reported after SIGKILL. After it, the call is answered all the
/// same.
const KILL_LIMIT: Duration = Duration::from_secs(4);
/// The grace period of a Pod's deletion. With 0, Kubernetes would forget the Pod without ending its program.
pub(in crate::engine) const POD_GRACE: Duration = Duration::from_secs(1);

/// The result of a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// The program has ended by this call.
    Now,
    /// The program did not run.
    Already,
}

impl Engine {
    /// Ends a container's program with SIGTERM, and after `grace` with SIGKILL.
    ///
    /// # Errors
    /// Returns `NoSuchContainer`. Answers after `grace` and 4 s at the latest.
    pub async fn stop(&self, reference: &str, grace: Duration) -> Result<Stopped> {
        let live = self.find(reference).await?;
        let Container { phase, starts, .. } = live.record().container;
        if Operation::Stop.in_phase(phase) == Legality::Nothing {
            return Ok(Stopped::Already);
        }
        live.set_told_to_end(starts);
        if !grace.is_zero()
            && self.ask_to_end(&live, grace).await
            && tokio::time::timeout(grace, ended(&live, starts)).await.is_ok()
        {
            return Ok(Stopped::Now);
        }
        self.end(&live, starts).await;
        Ok(Stopped::Now)
    }

    /// Sends a signal to a container's program. After SIGKILL, waits for the end of the program.
    ///
    /// # Errors
    /// Returns `NotRunning`, or `Conflict` if the signal cannot be delivered.
    pub async fn kill(&self, reference: &str, signal: i32) -> Result<()> {
        let live = self.find(reference).await?;
        let container = live.record().container;
        if Operation::Kill.in_phase(container.phase) == Legality::Refuse {
            return Err(Error::NotRunning(container.id.0));
        }
        if signal == SIGKILL {
            self.end(&live, container.starts).await;
            return Ok(());
        }
        if signal == SIGTERM {
            live.set_told_to_end(container.starts);
        }
        if live.tell_agent(container.starts, Command::Signal { number: signal }) {
            return Ok(());
        }
        Err(Error::Conflict(format!(
            "signal {signal} cannot reach container {}: its agent is not connected",
            container.id
        )))
    }

    /// Asks the program to end. Returns false if its agent cannot be reached.
    async fn ask_to_end(&self, live: &Live, grace: Duration) -> bool {
        let record = live.record();
        if record.container.needs_agent() {
            return live.tell_agent(record.container.starts, Command::Signal { number: SIGTERM });
        }
        self.delete_pod(&record.pod_name(), grace).await;
        true
    }

    /// Ends the program of the `start`-th start for certain: by its agent, or else with its Pod. If its end
    /// is not reported in time, the record says so.
    pub(in crate::engine) async fn end(&self, live: &Arc<Live>, start: u32) {
        live.set_told_to_end(start);
        let runs = || live.record().container.phase == Phase::Running;
        if runs()
            && live.tell_agent(start, Command::Signal { number: SIGKILL })
            && tokio::time::timeout(KILL_LIMIT, ended(live, start)).await.is_ok()
        {
            return;
        }
        self.end_pod(live, start).await;
        if runs() && tokio::time::timeout(KILL_LIMIT, ended(live, start)).await.is_ok() {
            return;
        }
        self.enact(live, Transition::EndedUnseen { start }).await;
    }

    /// Deletes the Pod of the `start`-th start, unless another start has begun.
    pub(in crate::engine) async fn end_pod(&self, live: &Live, start: u32) {
        let record = live.record();
        if start > 0 && record.container.is_at(start) {
            self.delete_pod(&record.pod_name(), POD_GRACE).await;
        }
    }

    /// Deletes a Pod.
    pub(in crate::engine) async fn delete_pod(&self, pod: &PodName, grace: Duration) {
        if let Err(error) = self.0.cluster.delete_pod(pod, grace).await {
            tracing::warn!(%pod, %error, "cannot delete the pod");
        }
    }
}

/// Waits until the program of the `start`-th start has ended.
async fn ended(live: &Live, start: u32) {
    live.until(|seen| {
        let container = &seen.record.container;
        (seen.gone || !container.phase.is_live() || !container.is_at(start)).then_some(())
    })
    .await;
}
