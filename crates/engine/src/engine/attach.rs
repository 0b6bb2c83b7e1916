//! Attach: the Pod's log from the program's first byte to its last, resumed
//! where the connection to the kubelet is cut.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt};
use jiff::Timestamp;
use tokio::sync::mpsc;
use tracing::Instrument;

use super::{Engine, Live, RETRY_FIRST, RETRY_LONGEST};
use crate::error::Result;
use crate::name::PodName;
use crate::phase::Phase;
use crate::ports::{ClusterError, LogLine};

/// How many lines may wait for a slow client.
const LINES_AHEAD: usize = 64;
/// How long the kubelet may take to say that a Pod ended whose exit is known: only then is its log
/// known to be complete.
const LOG_COMPLETE_LIMIT: Duration = Duration::from_secs(3);

/// What an attached client reads. While it lives, wait holds the exit back: drop it once the
/// client has everything.
pub struct AttachStream {
    lines: mpsc::Receiver<Bytes>,
    live: Arc<Live>,
}

impl Stream for AttachStream {
    type Item = Bytes;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.lines.poll_recv(context)
    }
}

impl Drop for AttachStream {
    fn drop(&mut self) {
        self.live.change_attached(|open| open.saturating_sub(1));
    }
}

impl Engine {
    /// Attaches to a container's output, before or after its start.
    ///
    /// # Errors
    /// `NoSuchContainer`. The stream ends with the program, or with a start that failed.
    pub async fn attach(&self, reference: &str) -> Result<AttachStream> {
        let live = self.find(reference).await?;
        live.change_attached(|open| open + 1);
        let (sender, lines) = mpsc::channel(LINES_AHEAD);
        let stream = AttachStream {
            lines,
            live: Arc::clone(&live),
        };
        let engine = self.clone();
        tokio::spawn(async move { engine.feed(&live, &sender).await }.in_current_span());
        Ok(stream)
    }

    /// Feeds one attached client until its container's log is complete or it goes away.
    async fn feed(&self, live: &Live, client: &mpsc::Sender<Bytes>) {
        let pod = tokio::select! {
            pod = live.until(pod_with_log) => pod,
            () = client.closed() => None,
        };
        let Some((pod, start)) = pod else { return };
        let mut cursor = Cursor::default();
        let mut pause = RETRY_FIRST;
        while !client.is_closed() {
            // Asked first, so that the read that follows is known to reach the end.
            let complete = live.is_gone() || live.seen().pod_ended >= start;
            let read = self.read(live, &pod, start, !complete, &mut cursor, client).await;
            match read {
                Ok(()) if complete => return,
                Ok(()) => pause = RETRY_FIRST,
                Err(ClusterError::NotFound(_)) => return,
                Err(error) => {
                    tracing::debug!(%pod, %error, "the log was cut off; resuming");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(RETRY_LONGEST);
                }
            }
        }
    }

    /// Reads the log once, from where the last read ended, until it ends or is known to be complete.
    async fn read(
        &self,
        live: &Live,
        pod: &PodName,
        start: u32,
        follow: bool,
        cursor: &mut Cursor,
        client: &mpsc::Sender<Bytes>,
    ) -> std::result::Result<(), ClusterError> {
        let mut lines = self.0.cluster.logs(pod, cursor.time, follow).await?;
        cursor.rewind();
        let complete = log_complete(live, start);
        tokio::pin!(complete);
        loop {
            let line = tokio::select! {
                line = lines.next() => line,
                () = &mut complete, if follow => return Ok(()),
                () = client.closed() => return Ok(()),
            };
            let Some(line) = line.transpose()? else { break };
            if let Some(text) = cursor.pass(line)
                && client.send(text).await.is_err()
            {
                return Ok(());
            }
        }
        if follow {
            // The kubelet ended it: the container has ended, or the connection was cut.
            tokio::time::sleep(RETRY_FIRST).await;
        }
        Ok(())
    }
}

/// The Pod whose log there is to read, once there is one; inner none where there will be none.
fn pod_with_log(seen: &super::live::Seen) -> Option<Option<(PodName, u32)>> {
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

/// Waits until the log of the `start`-th Pod is complete, as far as that can be known.
async fn log_complete(live: &Live, start: u32) {
    let ended = live.until(|seen| (seen.gone || seen.pod_ended >= start).then_some(()));
    let exited = live.until(|seen| (seen.record.container.phase == Phase::Exited).then_some(()));
    tokio::select! {
        () = ended => {}
        () = async { exited.await; tokio::time::sleep(LOG_COMPLETE_LIMIT).await } => live.set_pod_ended(start),
    }
}

/// How far a log has been read. The API resumes at whole seconds, so a resumed read begins with
/// lines that were read before.
#[derive(Default)]
struct Cursor {
    /// The last line's time.
    time: Option<Timestamp>,
    /// How many lines have had exactly that time.
    at_time: usize,
    /// How many of those the current read has met.
    met: usize,
}

impl Cursor {
    /// A new read begins.
    fn rewind(&mut self) {
        self.met = 0;
    }

    /// The line's text unless it has been read before.
    fn pass(&mut self, line: LogLine) -> Option<Bytes> {
        match self.time {
            Some(time) if line.time < time => return None,
            Some(time) if line.time == time => {
                self.met += 1;
                if self.met <= self.at_time {
                    return None;
                }
                self.at_time += 1;
            }
            _ => (self.time, self.at_time, self.met) = (Some(line.time), 1, 1),
        }
        Some(line.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resumed_log_neither_repeats_nor_loses_lines_of_one_instant() {
        let line = |second, text: &'static str| LogLine {
            time: Timestamp::from_second(second).unwrap(),
            text: Bytes::from_static(text.as_bytes()),
        };
        let mut cursor = Cursor::default();
        let first = [line(1, "a"), line(2, "b"), line(2, "c")];
        assert_eq!(first.into_iter().filter_map(|line| cursor.pass(line)).count(), 3);
        cursor.rewind();
        let second = [line(2, "b"), line(2, "c"), line(2, "d"), line(3, "e")];
        let texts: Vec<_> = second.into_iter().filter_map(|line| cursor.pass(line)).collect();
        assert_eq!(texts, ["d", "e"]);
    }
}
