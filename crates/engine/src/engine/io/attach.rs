//! Attach: the output of a program, on a connection that may be opened before the program starts. Wait
//! answers only when all attach streams have ended. The output of a build that cannot download ends with a
//! hint.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::{Stream, StreamExt};
use jiff::Timestamp;

use super::log::Lines;
use crate::container::{Container, Role};
use crate::download_hint::Output;
use crate::engine::seen::Open;
use crate::engine::{Engine, Live, LogRequest};
use crate::error::Result;
use crate::phase::Phase;
use crate::ports::LogLine;

/// The output that an attached client reads. Until it is dropped, wait holds the exit back: drop it when the
/// client has read everything.
pub struct AttachStream {
    lines: Lines,
    live: Arc<Live>,
    _open: Open,
    /// The output of a build so far, until its end.
    output: Option<Output>,
}

impl AttachStream {
    /// Returns the last line for a build that has failed because it could not download.
    fn hint(&mut self) -> Option<LogLine> {
        let hint = self.output.take()?.hint()?;
        has_failed(&self.live.record().container).then(|| LogLine {
            time: Timestamp::now(),
            text: Bytes::from(format!("chainpod: {hint}\n")),
        })
    }
}

fn has_failed(container: &Container) -> bool {
    container.exit.as_ref().is_none_or(|exit| exit.code != 0)
}

impl Stream for AttachStream {
    type Item = LogLine;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<LogLine>> {
        let line = ready!(self.lines.poll_next_unpin(context));
        Poll::Ready(match line {
            Some(line) => {
                if let Some(output) = &mut self.output {
                    output.line(&line.text);
                }
                Some(line)
            }
            None => self.hint(),
        })
    }
}

impl Engine {
    /// Attaches to a container's output, before or after its start: to earlier output (`logs`), to output
    /// from now on (`stream`), or to both.
    ///
    /// # Errors
    /// Returns `NoSuchContainer`. A stream ends with the program, or with a start that failed.
    pub async fn attach(&self, reference: &str, logs: bool, stream: bool) -> Result<AttachStream> {
        let live = self.find(reference).await?;
        let Container { phase, role, .. } = live.record().container;
        // Before the program runs, all its output comes from now on.
        let from_first = logs || matches!(phase, Phase::Created | Phase::Starting);
        let request = LogRequest {
            tail: (!from_first).then_some(0),
            follow: stream,
            ..LogRequest::default()
        };
        let open = live.open(|open| &mut open.attached);
        Ok(AttachStream {
            _open: open,
            lines: self.lines(Arc::clone(&live), request),
            live,
            output: (role == Role::Build).then(Output::default),
        })
    }
}
