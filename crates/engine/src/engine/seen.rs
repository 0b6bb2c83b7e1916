//! One container as this process knows it: the newest record, and the clients and agents that are connected.
//! Every wait uses [`Live::until`].

use std::mem::discriminant;
use std::sync::Arc;

use tokio::sync::{Mutex, watch};
use tokio::time::Instant;

use super::commands::Commands;
use super::once::Once;
use crate::container::Record;
use crate::failure::{Cause, End};

/// The known state of a container.
#[derive(Clone)]
pub(super) struct Seen {
    /// The newest record seen.
    pub(super) record: Record,
    /// True if the record has been deleted.
    pub(super) gone: bool,
    /// The last start whose log is complete, as far as that is known: the kubelet has reported the end, or has
    /// had time for it.
    pub(super) log_ended: u32,
    /// The last start whose container the kubelet has reported as ended.
    pub(super) pod_ended: u32,
    /// The cause that blocks a Pod of the container.
    pub(super) stuck: Option<Stuck>,
    /// A start, and the cause that is about to end its Pod.
    ending: Option<(u32, End)>,
    /// The last start whose end a client has asked for.
    pub(super) told_to_end: u32,
    /// The numbers of open streams and calls.
    pub(super) open: Counts,
    /// True if a task keeps the holder's name on the record.
    held: bool,
}

/// Numbers of open streams, calls and reports of a container.
#[derive(Clone, Copy, Default)]
pub(super) struct Counts {
    /// Attach streams.
    pub(super) attached: usize,
    /// Waits.
    pub(super) waits: usize,
    /// Calls that the program's end answers: starts, and waits for an exit.
    pub(super) calls: usize,
    /// Reports of ends in progress.
    pub(super) reports: usize,
}

/// An open stream, call or report, which is counted until this value is dropped.
pub(super) struct Open {
    live: Arc<Live>,
    count: fn(&mut Counts) -> &mut usize,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.live
            .seen
            .send_modify(|seen| *(self.count)(&mut seen.open) -= 1);
    }
}

/// A cause that blocks a Pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stuck {
    /// The start that the Pod belongs to.
    pub(super) start: u32,
    /// The cause.
    pub(super) cause: Cause,
    /// The time at which a cause of this kind was first seen.
    pub(super) since: Instant,
}

pub(super) struct Live {
    seen: watch::Sender<Seen>,
    /// The stream of commands to the agent.
    pub(super) commands: Commands,
    /// The task that removes the container if no client waits for it again.
    pub(super) guards: Once,
    /// The task that removes the container after its end.
    pub(super) leaves: Once,
    /// The task that deletes the Pod if it continues after the program's end.
    pub(super) lingers: Once,
    /// The task that announces the news of another process.
    pub(super) inherits: Once,
    /// Held by the one upload that is being kept, so that the next one counts it.
    pub(super) upload: Mutex<()>,
}

impl Live {
    pub(super) fn new(record: Record) -> Self {
        let seen = Seen {
            record,
            gone: false,
            log_ended: 0,
            pod_ended: 0,
            stuck: None,
            ending: None,
            told_to_end: 0,
            open: Counts::default(),
            held: false,
        };
        Self {
            seen: watch::Sender::new(seen),
            commands: Commands::default(),
            guards: Once::default(),
            leaves: Once::default(),
            lingers: Once::default(),
            inherits: Once::default(),
            upload: Mutex::default(),
        }
    }

    pub(super) fn record(&self) -> Record {
        self.seen.borrow().record.clone()
    }

    /// Returns the known state.
    pub(super) fn seen(&self) -> watch::Ref<'_, Seen> {
        self.seen.borrow()
    }

    pub(super) fn is_gone(&self) -> bool {
        self.seen.borrow().gone
    }

    /// Adopts the record unless a newer one is known.
    pub(super) fn adopt(&self, record: Record) {
        self.seen.send_if_modified(|seen| {
            let newer = is_newer(&record.version, &seen.record.version);
            if newer {
                seen.record = record;
            }
            newer
        });
    }

    /// Adopts the record, which was read when version `known` was the newest seen. If nothing has been seen since,
    /// it is the truth, whatever its version. Otherwise, the newer version counts.
    pub(super) fn adopt_after(&self, known: &str, record: Record) {
        self.seen.send_if_modified(|seen| {
            let counts = seen.record.version == known || is_newer(&record.version, &seen.record.version);
            let changes = counts && seen.record != record;
            if changes {
                seen.record = record;
            }
            changes
        });
    }

    pub(super) fn set_gone(&self) {
        self.seen.send_modify(|seen| seen.gone = true);
    }

    pub(super) fn set_pod_ended(&self, start: u32) {
        self.seen.send_modify(|seen| {
            seen.pod_ended = seen.pod_ended.max(start);
            seen.log_ended = seen.log_ended.max(start);
        });
    }

    pub(super) fn set_log_ended(&self, start: u32) {
        self.seen
            .send_modify(|seen| seen.log_ended = seen.log_ended.max(start));
    }

    /// Sets the cause that blocks the Pod of the `start`-th start, or clears it.
    pub(super) fn set_stuck(&self, start: u32, cause: Option<Cause>) {
        self.seen.send_if_modified(|seen| {
            let before = seen.stuck.as_ref().filter(|stuck| stuck.start >= start);
            if before.is_some_and(|stuck| stuck.start > start) {
                return false;
            }
            let stuck = cause.map(|cause| {
                let same = before.filter(|stuck| discriminant(&stuck.cause) == discriminant(&cause));
                let since = same.map_or_else(Instant::now, |stuck| stuck.since);
                Stuck { start, cause, since }
            });
            let changed = stuck != seen.stuck;
            seen.stuck = stuck;
            changed
        });
    }

    /// Notes that the Pod of the `start`-th start is about to end.
    pub(super) fn set_ending(&self, start: u32, end: End) {
        self.seen.send_modify(|seen| seen.ending = Some((start, end)));
    }

    /// Returns the cause that is about to end the program of the `start`-th start, as far as it is known.
    pub(super) fn ending(&self, start: u32) -> Option<End> {
        let seen = self.seen.borrow();
        let known = seen.ending.as_ref().filter(|(number, _)| *number == start);
        known.map(|(_, end)| end.clone())
    }

    /// Returns true if a client has asked for the end of the `start`-th start.
    pub(super) fn is_told_to_end(&self, start: u32) -> bool {
        self.seen.borrow().told_to_end >= start
    }

    /// Notes that a client has asked for the end of the `start`-th start.
    pub(super) fn set_told_to_end(&self, start: u32) {
        self.seen
            .send_modify(|seen| seen.told_to_end = seen.told_to_end.max(start));
    }

    /// Counts one more open stream, call or report.
    pub(super) fn open(self: &Arc<Self>, count: fn(&mut Counts) -> &mut usize) -> Open {
        self.seen.send_modify(|seen| *count(&mut seen.open) += 1);
        let live = Arc::clone(self);
        Open { live, count }
    }

    /// Returns true if the caller must begin to hold the container for an open wait.
    pub(super) fn begin_to_hold(&self) -> bool {
        self.seen
            .send_if_modified(|seen| !std::mem::replace(&mut seen.held, true))
    }

    /// Stops holding the container, unless a wait is open. Returns true if it stopped.
    pub(super) fn let_go(&self) -> bool {
        self.seen.send_if_modified(|seen| {
            seen.held = seen.open.waits > 0;
            !seen.held
        })
    }

    /// Waits until the known state answers `question`. Has no time limit.
    pub(super) async fn until<T>(&self, mut question: impl FnMut(&Seen) -> Option<T>) -> T {
        let mut seen = self.seen.subscribe();
        loop {
            if let Some(answer) = question(&seen.borrow_and_update()) {
                return answer;
            }
            if seen.changed().await.is_err() {
                // Invariant: `self` holds the sender while it is borrowed here.
                std::future::pending::<()>().await;
            }
        }
    }
}

/// Returns true if `candidate` is the newer version. Resource versions of one resource type are ordered
/// numbers (KEP-5504). If one is not a number, the version seen last counts as newer.
pub(super) fn is_newer(candidate: &str, known: &str) -> bool {
    match (candidate.parse::<u64>(), known.parse::<u64>()) {
        (Ok(candidate), Ok(known)) => candidate > known,
        _ => true,
    }
}
