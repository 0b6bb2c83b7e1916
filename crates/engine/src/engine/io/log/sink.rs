//! The receiver of a log's lines: one client, up to a time. The memory for lines that wait for a slow client
//! is bounded.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures::Stream;
use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::ports::LogLine;

/// The maximum number of lines that wait for a slow client. Short lines pass from task to task in batches.
const LINES_AHEAD: usize = 64;
/// The maximum number of bytes that wait for a slow client. This memory is held for each attached peer that
/// stops reading, and has room for a few of the longest lines.
const BYTES_AHEAD: u32 = 256 * 1024;

/// A line, and the permit for its bytes until the client reads it.
type Waiting = (LogLine, OwnedSemaphorePermit);

/// The sending side for one client.
pub(super) struct Sink {
    client: mpsc::Sender<Waiting>,
    room: Arc<Semaphore>,
    until: Option<Timestamp>,
    /// True if a line beyond `until` has come.
    over: bool,
}

/// The receiving side of one client.
pub(in crate::engine) struct Lines(mpsc::Receiver<Waiting>);

/// Creates both sides for a client that wants no line younger than `until`.
pub(super) fn new(until: Option<Timestamp>) -> (Sink, Lines) {
    let (client, lines) = mpsc::channel(LINES_AHEAD);
    let sink = Sink {
        client,
        room: Arc::new(Semaphore::new(BYTES_AHEAD as usize)),
        until,
        over: false,
    };
    (sink, Lines(lines))
}

impl Sink {
    /// Returns true if no more lines are wanted.
    pub(super) fn is_closed(&self) -> bool {
        self.over || self.client.is_closed()
    }

    /// Waits until the client disconnects.
    pub(super) async fn closed(&self) {
        self.client.closed().await;
    }

    /// Sends the next line. Waits while there is no room for it.
    pub(super) async fn put(&mut self, line: LogLine) {
        self.over |= self.until.is_some_and(|until| line.time > until);
        if self.over {
            return;
        }
        let bytes = u32::try_from(line.text.len()).map_or(BYTES_AHEAD, |bytes| bytes.min(BYTES_AHEAD));
        // If the client goes away, its waiting lines are dropped and `is_closed` returns true.
        if let Ok(room) = Arc::clone(&self.room).acquire_many_owned(bytes).await {
            self.client.send((line, room)).await.unwrap_or_default();
        }
    }
}

impl Stream for Lines {
    type Item = LogLine;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<LogLine>> {
        let waiting = ready!(self.0.poll_recv(context));
        Poll::Ready(waiting.map(|(line, _)| line))
    }
}
