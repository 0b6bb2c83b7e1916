//! The log of every Pod, as the kubelet returns it: from a whole second on, or its last entries. A test can
//! cut it off.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use engine::ports::{ClusterError, LogLine};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use jiff::Timestamp;

use super::FakeCluster;

#[derive(Default)]
pub(super) struct Log {
    entries: Vec<LogLine>,
    /// The number of lines after which the next read is cut off.
    cut: Option<usize>,
    /// The number of last entries that each read asked for.
    tails: Vec<Option<usize>>,
    bytes_read: Arc<AtomicUsize>,
}

impl Log {
    pub(super) fn read(
        &mut self,
        since: Option<Timestamp>,
        tail: Option<usize>,
        follow: bool,
    ) -> BoxStream<'static, Result<LogLine, ClusterError>> {
        self.tails.push(tail);
        let skipped = tail.map_or(0, |tail| self.entries.len().saturating_sub(tail));
        let since = since.map(Timestamp::as_second);
        let is_wanted = |line: &&LogLine| since.is_none_or(|since| line.time.as_second() >= since);
        let wanted = self.entries.iter().skip(skipped).filter(is_wanted);
        let mut lines: Vec<_> = wanted.cloned().map(Ok).collect();
        if let Some(cut) = self.cut.take() {
            lines.truncate(cut);
            lines.push(Err(ClusterError::Unavailable("connection reset".to_owned())));
        }
        let bytes_read = Arc::clone(&self.bytes_read);
        let lines = stream::iter(lines).inspect(move |line| {
            let bytes = line.as_ref().map_or(0, |line| line.text.len());
            bytes_read.fetch_add(bytes, Ordering::Relaxed);
        });
        if follow {
            lines.chain(stream::pending()).boxed()
        } else {
            lines.boxed()
        }
    }
}

impl FakeCluster {
    /// Sets the log of every Pod that is there.
    pub fn set_log(&self, entries: Vec<LogLine>) {
        self.state.lock().unwrap().log.entries = entries;
    }

    /// Cuts off the next read of a log after that number of lines.
    pub fn cut_next_log(&self, lines: usize) {
        self.state.lock().unwrap().log.cut = Some(lines);
    }

    /// Answers all reads of logs with this error from now on.
    pub fn fail_logs(&self, error: fn(String) -> ClusterError) {
        self.state.lock().unwrap().log_failure = Some(error);
    }

    /// Returns the number of last entries that each read of a log asked for.
    pub fn log_tails(&self) -> Vec<Option<usize>> {
        self.state.lock().unwrap().log.tails.clone()
    }

    /// Returns the number of bytes of logs that were read.
    pub fn log_bytes_read(&self) -> usize {
        self.state.lock().unwrap().log.bytes_read.load(Ordering::Relaxed)
    }
}
