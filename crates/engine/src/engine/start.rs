//! Start: the record is claimed, the Pod made, and the answer given when the
//! program runs or cannot.

use std::sync::Arc;
use std::time::Duration;

use tracing::Instrument;

use super::{Engine, Live};
use crate::container::{Container, Exit};
use crate::error::{Error, Result};
use crate::name::PodName;
use crate::phase::{Legality, Operation, Phase};
use crate::process::{Launch, Process};

/// How long a start may take: shorter than the peer's own 300 s, so that the reason reaches the user.
const START_LIMIT: Duration = Duration::from_secs(270);

/// How a start went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    /// It runs, or ran and has ended already.
    Now,
    /// It ran before the call.
    Already,
}

impl Engine {
    /// Starts a container. Goes on if the caller goes away.
    ///
    /// # Errors
    /// `StartFailed` or `CannotExecute` with the cause; `StartEnded` when a stop, kill or removal
    /// came in between. Answers after 270 s at the latest.
    pub async fn start(&self, reference: &str) -> Result<Started> {
        let live = self.find(reference).await?;
        let engine = self.clone();
        let work = tokio::spawn(async move { engine.run_start(&live).await }.in_current_span());
        work.await
            .unwrap_or_else(|error| Err(Error::StartFailed(format!("the start was abandoned: {error}"))))
    }

    async fn run_start(&self, live: &Arc<Live>) -> Result<Started> {
        Process::of(&live.record().container)?;
        let limit = tokio::time::sleep(START_LIMIT);
        let claimed = self.swap(live, |container| self.claim(container)).await?;
        let start = live.record().container.starts;
        if claimed.is_some() {
            match self.launch(live).await {
                Ok(()) => self.end_if_overtaken(live, start).await,
                Err(error) => self.fail_start(live, start, error.to_string(), 128).await,
            }
        }
        let outcome = tokio::select! {
            outcome = live.until(|seen| outcome(&seen.record.container, seen.gone, start)) => outcome,
            () = limit => {
                let pod = live.record().pod_name();
                let message = format!("pod {pod} did not start within {} s", START_LIMIT.as_secs());
                let now = live.record().container.starts;
                self.fail_start(live, now, message.clone(), 128).await;
                Err(Error::StartFailed(message))
            }
        };
        if outcome.is_err() {
            // Peers read attach to its end before they report a failed start.
            self.detached(live).await;
        }
        outcome.map(|()| {
            if claimed.is_some() {
                Started::Now
            } else {
                Started::Already
            }
        })
    }

    /// Claims the next start, or one whose caller was cut off with its process: its Pod may not have
    /// been made. None where it runs or is being started by another call.
    fn claim(&self, container: &mut Container) -> Result<Option<()>> {
        match Operation::Start.in_phase(container.phase) {
            Legality::Do if container.phase == Phase::Starting => Ok(self.take_over(container)),
            Legality::Do => {
                container.phase = Phase::Starting;
                container.starts += 1;
                container.repeats = None;
                container.started_at = None;
                container.exit = None;
                container.holder = Some(self.0.boot.clone());
                Ok(Some(()))
            }
            Legality::Nothing => Ok(None),
            Legality::Refuse => Err(Error::Conflict(format!(
                "Container {} cannot be started",
                container.id
            ))),
        }
    }

    async fn launch(&self, live: &Live) -> Result<()> {
        let record = live.record();
        let launch = Launch::of(&record, &self.0.settings.agent_url)?;
        Ok(self.0.cluster.launch(&launch).await?)
    }

    /// A stop or removal that came while the Pod was being made did not meet it.
    async fn end_if_overtaken(&self, live: &Live, start: u32) {
        let container = live.record().container;
        let ended =
            container.starts == start && container.phase == Phase::Exited && container.started_at.is_none();
        if ended || live.is_gone() {
            self.end_pod(live).await;
        }
    }

    /// The `start`-th start's Pod has no agent: another Pod gets it by another way, at once.
    pub(super) async fn repeat_start(
        &self,
        live: &Live,
        start: u32,
        without_agent: &PodName,
        reason: String,
    ) {
        let repeated = self
            .record_fact(live, |container| {
                let first = container.phase == Phase::Starting && container.starts == start;
                (first && container.repeats.is_none()).then(|| {
                    container.starts += 1;
                    container.repeats = Some(start);
                })
            })
            .await;
        if repeated.is_none() {
            // A second time: there is no third way.
            return self.fail_start(live, start, reason, 128).await;
        }
        tracing::info!(pod = %without_agent, reason, "the agent is not in the pod: another one copies it");
        let (launched, ()) = tokio::join!(self.launch(live), self.delete_pod(without_agent));
        match launched {
            Ok(()) => self.end_if_overtaken(live, start + 1).await,
            Err(error) => self.fail_start(live, start + 1, error.to_string(), 128).await,
        }
    }

    /// The `start`-th start did not come to a running program: back to created, with the reason.
    pub(super) async fn fail_start(&self, live: &Live, start: u32, error: String, code: i64) {
        let failed = self
            .record_fact(live, |container| {
                (container.phase == Phase::Starting && container.starts == start).then(|| {
                    container.phase = Phase::Created;
                    self.start_is_over(live, container);
                    container.exit = Some(Exit::now(code, false, error.clone()));
                })
            })
            .await;
        if failed.is_some() {
            self.end_pod(live).await;
        }
    }
}

/// How the `start`-th start went, once that is known.
fn outcome(container: &Container, gone: bool, start: u32) -> Option<Result<()>> {
    let ended = || Some(Err(Error::StartEnded(container.name.clone())));
    if gone || (container.starts != start && container.repeats != Some(start)) {
        return ended();
    }
    let failure = container.exit.as_ref();
    match (container.phase, failure) {
        (Phase::Starting, _) => None,
        (Phase::Running, _) => Some(Ok(())),
        (Phase::Exited, _) if container.started_at.is_some() => Some(Ok(())),
        (_, Some(exit)) if exit.code == 126 || exit.code == 127 => {
            Some(Err(Error::CannotExecute(exit.error.clone())))
        }
        (_, Some(exit)) if !exit.error.is_empty() => Some(Err(Error::StartFailed(exit.error.clone()))),
        (Phase::Created | Phase::Exited, _) => ended(),
    }
}
