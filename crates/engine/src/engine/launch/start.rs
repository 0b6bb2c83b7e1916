//! Start: the record is claimed, the Pod is made, and the call is answered when the program runs or cannot
//! run. A [`Cause`] is the reason why it cannot.

use std::sync::Arc;
use std::time::Duration;

use agent_protocol::exit_code::{NOT_EXECUTABLE, NOT_FOUND};
use tokio::time::{Instant, sleep_until, timeout};
use tracing::Instrument;

use crate::engine::seen::Seen;
use crate::engine::span::is_about;
use crate::engine::{CALL_LIMIT, Engine, Live};
use crate::error::{Error, Result};
use crate::failure::{Cause, Who};
use crate::life::Transition;
use crate::phase::Phase;
use crate::ports::ClusterError;
use crate::process::Process;

/// Time for which a start that is over waits for its record. With it, an attach stream and
/// [`StartLimits::total`](crate::StartLimits), a start is shorter than the peer's own 300 s.
const RECORD_LIMIT: Duration = Duration::from_secs(10);

/// The result of a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    /// The program runs, or ran and has already ended.
    Now,
    /// The program ran before the call.
    Already,
}

impl Engine {
    /// Starts a container. Continues if the caller disconnects. For chaincode, answers when it has lived for
    /// [`StartLimits::alive`](crate::StartLimits) or has ended.
    ///
    /// # Errors
    /// Returns `StartFailed` or `CannotExecute` with the cause, or `StartEnded` if a stop, kill or removal
    /// ended the start. Answers after 290 s at the latest.
    pub async fn start(&self, reference: &str) -> Result<Started> {
        let live = self.find(reference).await?;
        let engine = self.clone();
        let open = live.open(|open| &mut open.calls);
        let work = async move {
            let _open = open;
            engine.run_start(&live).await
        };
        tokio::spawn(work.in_current_span())
            .await
            .unwrap_or_else(|error| Err(Error::StartFailed(format!("the start was abandoned: {error}"))))
    }

    async fn run_start(&self, live: &Arc<Live>) -> Result<Started> {
        let process = Process::of(&live.record().container);
        let begun = Instant::now();
        let limit = begun + self.limits().total;
        let claimed = self.claim(live).await?;
        let start = live.record().container.starts;
        let launched = match claimed {
            true => self.launch_claimed(live, start, &process, limit).await,
            false => Ok(()),
        };
        let mut outcome = match launched {
            Ok(()) => self.outcome(live, start, limit).await,
            Err(error) => Err(error),
        };
        if claimed && outcome.is_ok() {
            let role = live.record().container.role;
            self.0.settings.meter.launched(role, begun.elapsed());
        }
        if let Some(peer) = process.peer_address().filter(|_| claimed && outcome.is_ok()) {
            outcome = self.lives_on(live, peer).await;
        }
        if outcome.is_err() {
            // Peers read attach to its end before they report a failed start.
            self.detached(live).await;
        }
        outcome.map(|()| if claimed { Started::Now } else { Started::Already })
    }

    /// Makes the Pod of the `start`-th start, or records why it cannot be made.
    async fn launch_claimed(
        &self,
        live: &Arc<Live>,
        start: u32,
        process: &Process,
        limit: Instant,
    ) -> Result<()> {
        match self.launch(live, process).await {
            Ok(()) => {
                self.end_if_overtaken(live, start).await;
                Ok(())
            }
            Err(cause) => self.fail(live, start, cause, limit).await,
        }
    }

    /// Records that the `start`-th start has failed.
    ///
    /// # Errors
    /// Returns `Unavailable` if the API server is away for too long for the caller. It is recorded later then.
    async fn fail(&self, live: &Arc<Live>, start: u32, cause: Cause, limit: Instant) -> Result<()> {
        let by = (Instant::now() + CALL_LIMIT).min(limit + RECORD_LIMIT);
        let failed = Transition::FailedToBegin { start, cause };
        match self.insist_until(live, failed, by).await {
            Err(error @ Error::Cluster(ClusterError::Unavailable(_))) => {
                Err(error.of(|| format!("{} cannot be started", Who(&live.record().container))))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Returns the outcome of the `start`-th start, once it is known. Ends a start that is blocked for too
    /// long.
    async fn outcome(&self, live: &Arc<Live>, start: u32, limit: Instant) -> Result<()> {
        let given_up = async {
            tokio::select! {
                stuck = self.stuck(live) => stuck,
                blocked = self.blocked(live) => blocked,
                () = sleep_until(limit) => {
                    (live.record().container.starts, Cause::Silence(self.limits().total))
                }
            }
        };
        let (number, cause) = tokio::select! {
            biased;
            outcome = live.until(|seen| outcome(seen, start)) => return outcome,
            given_up = given_up => given_up,
        };
        let record = live.record();
        let sentence = cause.sentence(&record.container, &record.pod_name());
        self.fail(live, number, cause, limit).await?;
        let known = outcome(&live.seen(), start);
        known.unwrap_or(Err(Error::StartFailed(sentence)))
    }

    /// Waits until chaincode has lived for a while. If chaincode dies at once, its start fails with its last
    /// lines: a peer would report only the exit code.
    async fn lives_on(&self, live: &Arc<Live>, peer: &str) -> Result<()> {
        let record = live.record();
        let start = record.container.starts;
        let over = live.until(|seen| {
            let container = &seen.record.container;
            let is_over = seen.gone || container.starts != start || !container.phase.is_live();
            is_over.then(|| {
                let by_itself = !seen.gone && container.starts == start && seen.told_to_end < start;
                container.exit.clone().filter(|_| by_itself)
            })
        });
        let Ok(over) = timeout(self.limits().alive, over).await else {
            return Ok(());
        };
        let exit = over.ok_or_else(|| Error::StartEnded(record.container.name.clone()))?;
        if !exit.error.is_empty() && !exit.oom_killed {
            // Another process ended it, and has announced that.
            return Err(Error::StartFailed(exit.error));
        }
        let cause = Cause::DiedAtOnce {
            code: exit.code,
            oom_killed: exit.oom_killed,
            peer: peer.to_owned(),
            last_words: self.last_words(live).await,
        };
        let sentence = cause.sentence(&record.container, &record.pod_name());
        let died = Transition::DiedAtOnce { start, cause };
        // The caller gets the sentence in any case.
        let _ = self.insist_until(live, died, Instant::now() + RECORD_LIMIT).await;
        Err(Error::StartFailed(sentence))
    }

    /// Claims the next start, or takes over a start whose process died, because its Pod may not exist yet.
    /// Returns false if the program runs or another call is starting it.
    async fn claim(&self, live: &Arc<Live>) -> Result<bool> {
        let container = live.record().container;
        let claimed = Transition::Claimed {
            // At create, the peer's build may not have arrived yet: it uses another connection.
            built_for: self.attribution(&container),
            image_command: self.ruled_command(&container),
        };
        let claimed = self.attempt(live, &claimed).await;
        is_about(&live.record().container);
        match claimed {
            Ok(change) => Ok(change.is_some()),
            Err(error) => Err(error.of(|| format!("{} cannot be started", Who(&container)))),
        }
    }
}

/// Returns the outcome of the `start`-th start, once it is known.
fn outcome(seen: &Seen, start: u32) -> Option<Result<()>> {
    let container = &seen.record.container;
    let ended = || Some(Err(Error::StartEnded(container.name.clone())));
    if seen.gone || !container.is_at(start) {
        return ended();
    }
    let failure = container.exit.as_ref();
    match (container.phase, failure) {
        (Phase::Starting, _) => None,
        (Phase::Running, _) => Some(Ok(())),
        (Phase::Exited, _) if container.started_at.is_some() => Some(Ok(())),
        _ if seen.told_to_end >= start => ended(),
        (_, Some(exit)) if [NOT_EXECUTABLE, NOT_FOUND].contains(&exit.code) => {
            Some(Err(Error::CannotExecute(exit.error.clone())))
        }
        (_, Some(exit)) if !exit.error.is_empty() => Some(Err(Error::StartFailed(exit.error.clone()))),
        (Phase::Created | Phase::Exited, _) => ended(),
    }
}
