//! Where a log's lines go: all of them, or the last ones, to one client.

use std::collections::VecDeque;

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::LogRequest;
use crate::ports::LogLine;

/// One client.
pub(super) struct Sink {
    client: mpsc::Sender<LogLine>,
    until: Option<Timestamp>,
    /// The last lines so far and how many there may be, until it is known that they are the last.
    held: Option<(usize, VecDeque<LogLine>)>,
    /// A line beyond `until` has come.
    over: bool,
}

impl Sink {
    pub(super) fn new(request: &LogRequest, client: mpsc::Sender<LogLine>) -> Self {
        Self {
            client,
            until: request.until,
            held: request.tail.map(|count| (count, VecDeque::new())),
            over: false,
        }
    }

    /// Whether it waits to know which lines are the last.
    pub(super) fn holds_back(&self) -> bool {
        self.held.is_some()
    }

    /// Whether nothing more is wanted.
    pub(super) fn is_closed(&self) -> bool {
        self.over || self.client.is_closed()
    }

    /// Waits until the client goes away.
    pub(super) async fn closed(&self) {
        self.client.closed().await;
    }

    /// Takes the next line.
    pub(super) async fn put(&mut self, line: LogLine) {
        if self.until.is_some_and(|until| line.time > until) {
            self.release().await;
            self.over = true;
            return;
        }
        match &mut self.held {
            Some((count, lines)) => {
                lines.push_back(line);
                if lines.len() > *count {
                    lines.pop_front();
                }
            }
            // A client that goes away is seen by `is_closed`.
            None => self.client.send(line).await.unwrap_or_default(),
        }
    }

    /// What was held back were the last lines: from now on each goes out as it comes.
    pub(super) async fn release(&mut self) {
        for line in self.held.take().into_iter().flat_map(|(_, lines)| lines) {
            self.client.send(line).await.unwrap_or_default();
        }
    }
}
