//! Wait: returns the exit once it is known and all attached clients have read to the end.

use std::time::Duration;

use agent_protocol::exit_code::KILLED;
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::time::sleep;
use tracing::Instrument;

use crate::container::{Exit, Role};
use crate::engine::seen::Seen;
use crate::engine::{Engine, Live};
use crate::error::Result;
use crate::phase::Phase;

/// Longest time for which an exit is held back for attach streams that do not end. An old peer drops the
/// output that it has not read when wait answers.
const DETACH_LIMIT: Duration = Duration::from_secs(5);

/// Time for which a failed build's exit is held back after that. An old peer ends its attach the moment wait
/// answers, and drops output that has reached its machine but not yet its own reader. A client does not
/// report that it has read.
const READING_TIME: Duration = Duration::from_millis(250);

/// Longest time for which the removal of an ended container is held back for starts and waits. The last lines
/// are read for 8 s at most, and attach streams for [`DETACH_LIMIT`].
const ANSWER_LIMIT: Duration = Duration::from_secs(20);

/// The event that a wait waits for (Docker API, `condition`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WaitCondition {
    /// The container does not run. Answered at once if it already does not.
    #[default]
    NotRunning,
    /// The container ends once more.
    NextExit,
    /// The container is removed.
    Removed,
}

impl Engine {
    /// Waits for a container, as long as it takes.
    ///
    /// # Errors
    /// Returns `NoSuchContainer` at once. The future that is returned does not fail.
    pub async fn wait(&self, reference: &str, condition: WaitCondition) -> Result<BoxFuture<'static, Exit>> {
        let live = self.find(reference).await?;
        let engine = self.clone();
        let record = live.record();
        let before = (record.container.starts, record.container.exit.clone());
        let call = (condition != WaitCondition::Removed).then(|| live.open(|open| &mut open.calls));
        let open = (self.hold(&live), call);
        Ok(async move {
            let _open = open;
            let exit = live
                .until(|seen| {
                    let container = &seen.record.container;
                    let over = match condition {
                        WaitCondition::NotRunning => !container.phase.is_live(),
                        WaitCondition::NextExit => {
                            container.phase == Phase::Exited
                                && (container.starts, &container.exit) != (before.0, &before.1)
                        }
                        WaitCondition::Removed => false,
                    };
                    (over || seen.gone).then(|| exit_of(seen))
                })
                .await;
            engine.detached(&live).await;
            if record.container.role == Role::Build && exit.code != 0 {
                sleep(READING_TIME).await;
            }
            exit
        }
        .in_current_span()
        .boxed())
    }

    /// Waits until all starts and waits that the program's end concerns are answered, for [`ANSWER_LIMIT`] at
    /// most.
    pub(in crate::engine) async fn answered(&self, live: &Live) {
        let nobody = live.until(|seen| (seen.open.calls == 0).then_some(()));
        let (answered, ()) = tokio::join!(tokio::time::timeout(ANSWER_LIMIT, nobody), self.detached(live));
        if answered.is_err() {
            tracing::warn!(record = %live.record().name, "a start or wait is still open; removing it anyway");
        }
    }

    /// Waits until no client is attached, for [`DETACH_LIMIT`] at most.
    pub(in crate::engine) async fn detached(&self, live: &Live) {
        let nobody = live.until(|seen| (seen.open.attached == 0).then_some(()));
        if tokio::time::timeout(DETACH_LIMIT, nobody).await.is_err() {
            tracing::warn!(record = %live.record().name, "an attach stream is still open; answering anyway");
        }
    }
}

/// Returns a container's exit. As in Docker, it is 0 for a container that never ran.
fn exit_of(seen: &Seen) -> Exit {
    let container = &seen.record.container;
    let killed = || Exit::now(KILLED, false, "the container was removed".to_owned());
    match &container.exit {
        Some(exit) => exit.clone(),
        None if container.phase == Phase::Created && !seen.gone => Exit::now(0, false, String::new()),
        None => killed(),
    }
}
