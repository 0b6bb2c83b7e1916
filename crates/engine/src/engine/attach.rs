//! Attach: what a program writes, from a connection that may be there before
//! the program is. Wait answers only when all of them are at their end.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::Stream;
use tokio::sync::mpsc;

use super::{Engine, Live, LogRequest};
use crate::error::Result;
use crate::phase::Phase;
use crate::ports::LogLine;

/// What an attached client reads. While it lives, wait holds the exit back: drop it once the
/// client has everything.
pub struct AttachStream {
    lines: mpsc::Receiver<LogLine>,
    live: Arc<Live>,
}

impl Stream for AttachStream {
    type Item = LogLine;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<LogLine>> {
        self.lines.poll_recv(context)
    }
}

impl Drop for AttachStream {
    fn drop(&mut self) {
        self.live.change_attached(|open| open.saturating_sub(1));
    }
}

impl Engine {
    /// Attaches to a container's output, before or after its start: to what was written (`logs`),
    /// to what is written from now on (`stream`), or both.
    ///
    /// # Errors
    /// `NoSuchContainer`. A stream ends with the program, or with a start that failed.
    pub async fn attach(&self, reference: &str, logs: bool, stream: bool) -> Result<AttachStream> {
        let live = self.find(reference).await?;
        let phase = live.record().container.phase;
        // Before the program runs, all that it writes comes from now on.
        let from_first = logs || matches!(phase, Phase::Created | Phase::Starting);
        let request = LogRequest {
            tail: (!from_first).then_some(0),
            follow: stream,
            ..LogRequest::default()
        };
        live.change_attached(|open| open + 1);
        Ok(AttachStream {
            lines: self.lines(Arc::clone(&live), request),
            live,
        })
    }
}
