//! The holder of a container is the process that has a wait for it open, or is starting it. Clients do not
//! repeat a call whose connection broke. If the holder dies, no client is left to remove the container, so
//! the holder's successor removes it. The successor keeps containers without a wait, and running chaincode.

use std::sync::Arc;
use std::time::Duration;

use tracing::Instrument;

use crate::container::{Container, Role};
use crate::engine::seen::{Open, Seen};
use crate::engine::{AWAY, Engine, Live, span};
use crate::life::{self, Transition};
use crate::phase::Phase;

/// Time in which a client may wait again, with this process or its successor. Peers remove the container that
/// they waited for in less than a second.
const RETURN_LIMIT: Duration = Duration::from_secs(30);

/// The next step of holding a container.
enum Next {
    /// The record must name this process.
    Name,
    /// No wait is open any more.
    Idle,
    /// The container is gone.
    Gone,
}

impl Engine {
    pub(super) fn is_ours(&self, container: &Container) -> bool {
        container.holder.as_ref() == Some(&self.0.boot)
    }

    fn is_orphan(&self, container: &Container) -> bool {
        life::is_orphan(container, &self.0.boot)
    }

    /// Counts a wait as open, and holds the container, until the returned value is dropped.
    pub(in crate::engine) fn hold(&self, live: &Arc<Live>) -> Open {
        let open = live.open(|open| &mut open.waits);
        if live.begin_to_hold() {
            let (engine, live) = (self.clone(), Arc::clone(live));
            tokio::spawn(async move { engine.keep_named(&live).await }.in_current_span());
        }
        open
    }

    /// Keeps this process on the record as the holder while waits are open, and for [`RETURN_LIMIT`] longer:
    /// a client whose wait was answered removes the container next, and its connection may break before that.
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
                        tokio::time::sleep(AWAY.longest).await;
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

    /// Removes a container whose holder has died, unless a client waits for it again in time.
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
                "removed: the process that waited for it has ended, and no client reconnected"
            ),
            Err(error) => {
                tracing::warn!(%record, %error, "cannot remove a container that no client waits for");
            }
        }
    }
}

/// Returns true for running chaincode: it serves its peer, even if no client waits for its end.
fn serves(container: &Container) -> bool {
    container.role == Role::Chaincode && container.phase == Phase::Running
}
