//! Who holds a container: the process that has its wait open, or is starting
//! it. Clients never come back to a call that broke, so when that process dies
//! nobody is left who would remove the container: its successor does. What
//! never had a wait, and chaincode that runs, are left alone.

use std::sync::Arc;
use std::time::Duration;

use tracing::Instrument;

use crate::container::{Container, Role};
use crate::engine::seen::{Open, Seen};
use crate::engine::{Engine, Live, RETRY_LONGEST, span};
use crate::life::{self, Transition};
use crate::phase::Phase;

/// How long a wait may take to come back, to this process or its successor. Peers remove what they
/// waited for in less than a second.
const RETURN_LIMIT: Duration = Duration::from_secs(30);

/// What holding a container asks for next.
enum Next {
    /// The record must name this process.
    Name,
    /// Nobody waits any more.
    Idle,
    /// The container is gone.
    Gone,
}

impl Engine {
    fn is_ours(&self, container: &Container) -> bool {
        container.holder.as_ref() == Some(&self.0.boot)
    }

    fn is_orphan(&self, container: &Container) -> bool {
        life::is_orphan(container, &self.0.boot)
    }

    /// A wait has been opened, and is open until what is returned is dropped.
    pub(in crate::engine) fn hold(&self, live: &Arc<Live>) -> Open {
        let open = live.open(|open| &mut open.waits);
        if live.begin_to_hold() {
            let (engine, live) = (self.clone(), Arc::clone(live));
            tokio::spawn(async move { engine.keep_named(&live).await }.in_current_span());
        }
        open
    }

    /// Sees to it that the record names this process while waits are open, and a while longer: who
    /// has been answered removes the container next, and may be cut off before.
    async fn keep_named(&self, live: &Arc<Live>) {
        let next = |seen: &Seen| match seen.open.waits {
            _ if seen.gone => Some(Next::Gone),
            0 => Some(Next::Idle),
            _ => (!self.is_ours(&seen.record.container)).then_some(Next::Name),
        };
        loop {
            match live.until(next).await {
                Next::Gone => return,
                Next::Name => {
                    let named = self.enact(live, Transition::Held).await;
                    if named.is_none() && !self.is_ours(&live.record().container) {
                        tokio::time::sleep(RETRY_LONGEST).await;
                    }
                }
                Next::Idle => {
                    let back = live.until(|seen| (seen.gone || seen.open.waits > 0).then_some(()));
                    if tokio::time::timeout(RETURN_LIMIT, back).await.is_ok() {
                        continue;
                    }
                    self.enact(live, Transition::LetGo).await;
                    if live.let_go() {
                        return;
                    }
                }
            }
        }
    }

    /// Sees to it that a container goes if its holder has and nobody comes back for it.
    pub(in crate::engine) fn guard(&self, live: &Arc<Live>) {
        if self.is_orphan(&live.record().container) && live.guards.begin() {
            let (engine, live) = (self.clone(), Arc::clone(live));
            tokio::spawn(async move { engine.outlive_holder(&live).await }.instrument(span()));
        }
    }

    async fn outlive_holder(&self, live: &Arc<Live>) {
        let is_claimed =
            |seen: &Seen| seen.gone || seen.open.waits > 0 || !self.is_orphan(&seen.record.container);
        let is_left = |seen: &Seen| !is_claimed(seen) && !serves(&seen.record.container);
        loop {
            let claimed = live.until(|seen| match (is_claimed(seen), is_left(seen)) {
                (false, false) => None,
                (claimed, _) => Some(claimed),
            });
            if claimed.await {
                break;
            }
            let back = live.until(|seen| (!is_left(seen)).then_some(()));
            if tokio::time::timeout(RETURN_LIMIT, back).await.is_err() {
                self.remove_left(live).await;
            }
        }
        live.guards.end();
    }

    async fn remove_left(&self, live: &Arc<Live>) {
        span::is_about(&live.record().container);
        let record = live.record().name;
        match self.end_and_remove(live).await {
            Ok(()) => tracing::info!(
                %record,
                "removed: the process that waited for it has ended, and nobody came back"
            ),
            Err(error) => tracing::warn!(%record, %error, "cannot remove what nobody waits for any more"),
        }
    }
}

/// Chaincode that runs serves its peer, whoever waits for its end.
fn serves(container: &Container) -> bool {
    container.role == Role::Chaincode && container.phase == Phase::Running
}
