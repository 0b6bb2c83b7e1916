//! Logs: the earlier and later output of a program, read from its Pod's log and resumed if the connection to
//! the kubelet is cut.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;
use jiff::Timestamp;
use tokio::time::{Instant, sleep_until};
use tracing::Instrument;

use crate::container::Role;
use crate::engine::seen::Seen;
use crate::engine::{AWAY, Engine, Live, SETTLING};
use crate::error::Result;
use crate::name::PodName;
use crate::phase::Phase;
use crate::ports::{ClusterError, LogLine};

mod cursor;
mod sink;

use self::cursor::Cursor;
pub(in crate::engine) use self::sink::Lines;
use self::sink::Sink;

/// Time in which the kubelet must report the end of a Pod whose exit is known. Only then is its log known to
/// be complete.
const LOG_COMPLETE_LIMIT: Duration = Duration::from_secs(3);
/// Time without a line after which a complete log is not followed any further. As long as lines come, the kubelet
/// may be reading a file that it has rotated: only this read gets the rest of it.
const LOG_QUIET: Duration = Duration::from_millis(100);
/// The number of tries to read a complete log without a new line. A client waits for its end, and a kubelet
/// that does not answer may never answer again.
const TRIES: u32 = 3;
/// The pause between them. Together they are shorter than the time that a wait is delayed for a log.
const TRY_EVERY: Duration = Duration::from_secs(1);
/// The number of a program's last lines that are read. Most stack traces are not longer.
const LAST_LINES: usize = 20;
/// Time in which the API server and the kubelet must return these lines.
const LAST_LINES_LIMIT: Duration = Duration::from_secs(5);

/// The requested part of a program's output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogRequest {
    /// The number of last lines, out of those already written. None means all of them. As in Docker, each 16
    /// KiB piece of a longer line counts as a line, and lines outside `since` and `until` also count.
    pub tail: Option<usize>,
    /// Older lines are skipped.
    pub since: Option<Timestamp>,
    /// Younger lines are skipped.
    pub until: Option<Timestamp>,
    /// True to continue with later output until the program ends.
    pub follow: bool,
}

/// The log to read: its Pod and the start that the Pod belongs to.
type Source = (PodName, u32);

impl Engine {
    /// Returns the output of a container's program, or nothing if it has no Pod.
    ///
    /// # Errors
    /// Returns `NoSuchContainer`. As in Docker, a container that does not run is not followed.
    pub async fn logs(
        &self,
        reference: &str,
        mut request: LogRequest,
    ) -> Result<BoxStream<'static, LogLine>> {
        let live = self.find(reference).await?;
        request.follow &= live.record().container.phase.is_live();
        Ok(self.lines(live, request).boxed())
    }

    /// Returns the last lines of a program that has just ended, or nothing if they cannot be read in time.
    pub(in crate::engine) async fn last_words(&self, live: &Arc<Live>) -> String {
        log_complete(live, live.record().container.starts).await;
        let lines = self.last_lines(live).await;
        lines
            .iter()
            .map(|line| String::from_utf8_lossy(&line.text))
            .collect()
    }

    /// Returns the last lines that are there now, as many as can be read in time.
    pub(in crate::engine) async fn last_lines(&self, live: &Arc<Live>) -> Vec<LogLine> {
        let request = LogRequest {
            tail: Some(LAST_LINES),
            ..LogRequest::default()
        };
        let mut last = Vec::new();
        let mut lines = self.lines(Arc::clone(live), request);
        let reading = async {
            while let Some(line) = lines.next().await {
                last.push(line);
            }
        };
        if tokio::time::timeout(LAST_LINES_LIMIT, reading).await.is_err() {
            tracing::debug!(record = %live.record().name, "the last lines were not read in time");
        }
        last
    }

    /// Returns the lines for one client. Reading starts now, and stops if the client disconnects.
    pub(in crate::engine) fn lines(&self, live: Arc<Live>, request: LogRequest) -> Lines {
        let (sink, lines) = sink::new(request.until);
        let engine = self.clone();
        let feeding = async move { engine.feed(&live, &request, sink).await };
        tokio::spawn(feeding.in_current_span());
        lines
    }

    /// Sends lines to one client: from the current Pod or, with `follow`, from the next one, until the log is
    /// complete or the client disconnects.
    async fn feed(&self, live: &Live, request: &LogRequest, mut sink: Sink) {
        let source = if request.follow {
            tokio::select! {
                source = settled(live) => source,
                () = sink.closed() => None,
            }
        } else {
            source_of(&live.seen()).flatten()
        };
        let Some(source) = source else { return };
        let mut cursor = Cursor::new(request);
        let (mut pauses, mut tries) = (AWAY.pauses(), 0);
        while !sink.is_closed() {
            let place = cursor.place();
            // This is checked first, so that the read that follows is known to reach the end.
            let complete = !request.follow || live.is_gone() || live.seen().log_ended >= source.1;
            let follow = !complete && !cursor.is_counting();
            let read = self.read(live, &source, follow, &mut cursor, &mut sink).await;
            match read {
                Ok(()) => {
                    cursor.counted();
                    if complete {
                        return;
                    }
                    pauses = AWAY.pauses();
                }
                Err(error) => {
                    tries = match complete && cursor.place() == place {
                        true => tries + 1,
                        false => 0,
                    };
                    if is_final(&error) || tries == TRIES {
                        tracing::debug!(pod = %source.0, %error, "the log cannot be read");
                        return kept(live, source.1, &mut cursor, &mut sink).await;
                    }
                    tracing::debug!(pod = %source.0, %error, "the log was cut off; resuming");
                    if complete {
                        tokio::time::sleep(TRY_EVERY).await;
                    } else {
                        let pause = pauses.next().unwrap_or(AWAY.longest);
                        let _ = tokio::time::timeout(pause, log_complete(live, source.1)).await;
                    }
                }
            }
        }
    }

    /// Reads the log once, from the end of the last read, until it ends, or is known to be complete and no more
    /// lines come.
    async fn read(
        &self,
        live: &Live,
        (pod, start): &Source,
        follow: bool,
        cursor: &mut Cursor,
        sink: &mut Sink,
    ) -> std::result::Result<(), ClusterError> {
        let (since, tail) = cursor.place();
        let mut lines = self.0.cluster.logs(pod, since, tail, follow).await?;
        cursor.rewind();
        let mut complete = pin!(log_complete(live, *start));
        let mut is_complete = false;
        while !sink.is_closed() {
            let asked = Instant::now();
            let quiet = async {
                if !is_complete {
                    complete.as_mut().await;
                    is_complete = true;
                }
                sleep_until(asked + LOG_QUIET).await;
            };
            let line = tokio::select! {
                line = lines.next() => line,
                () = quiet, if follow => return Ok(()),
                () = sink.closed() => return Ok(()),
            };
            let Some(line) = line.transpose()? else { break };
            if let Some(line) = cursor.pass(line) {
                sink.put(line).await;
            }
        }
        if follow {
            // The kubelet ended it: the container has ended, or the connection was cut.
            tokio::time::sleep(AWAY.first).await;
        }
        Ok(())
    }
}

/// Returns true if no later read can succeed: the Pod is gone, or chainpod may not read logs.
const fn is_final(error: &ClusterError) -> bool {
    matches!(error, ClusterError::NotFound(_) | ClusterError::Refused(_))
}

/// Sends the kept lines of a log that cannot be read, unless they have been sent before.
async fn kept(live: &Live, start: u32, cursor: &mut Cursor, sink: &mut Sink) {
    let container = live.record().container;
    if container.starts != start {
        return;
    }
    let kept = container.last_lines;
    let skipped = cursor
        .wanted()
        .map_or(0, |wanted| kept.len().saturating_sub(wanted));
    cursor.rewind();
    for line in kept.into_iter().skip(skipped).map(LogLine::from) {
        if let Some(line) = cursor.pass(line) {
            sink.put(line).await;
        }
    }
}

/// Returns the Pod whose log can be read, once there is one. The inner option is empty if there will never be
/// such a Pod.
fn source_of(seen: &Seen) -> Option<Option<Source>> {
    let container = &seen.record.container;
    if seen.gone {
        return Some(None);
    }
    match container.phase {
        Phase::Running => Some(Some((seen.record.pod_name(), container.starts))),
        Phase::Exited if container.started_at.is_some() => {
            Some(Some((seen.record.pod_name(), container.starts)))
        }
        Phase::Exited => Some(None),
        Phase::Created if container.exit.is_some() => Some(None),
        Phase::Created | Phase::Starting => None,
    }
}

/// Returns the Pod whose log can be followed. Opening the log costs the node as much as a chaincode's start,
/// so the start comes first.
async fn settled(live: &Live) -> Option<Source> {
    let runs_already = source_of(&live.seen()).is_some();
    let source = live.until(source_of).await;
    if !runs_already && live.record().container.role == Role::Chaincode {
        let ended = live.until(|seen| (seen.gone || !seen.record.container.phase.is_live()).then_some(()));
        // Nothing is missed: the log is read from its first line.
        let _ = tokio::time::timeout(SETTLING, ended).await;
    }
    source
}

/// Waits until the log of the `start`-th Pod is complete, as far as that can be known.
async fn log_complete(live: &Live, start: u32) {
    let ended = live.until(|seen| (seen.gone || seen.log_ended >= start).then_some(()));
    let exited = live.until(|seen| (seen.record.container.phase == Phase::Exited).then_some(()));
    tokio::select! {
        () = ended => {}
        () = async { exited.await; tokio::time::sleep(LOG_COMPLETE_LIMIT).await } => live.set_log_ended(start),
    }
}
