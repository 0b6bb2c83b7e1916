//! The last lines of a program's output, kept on its record. The log is lost with its Pod, which may be
//! evicted, or deleted by hand.

use std::sync::Arc;

use crate::container::KeptLine;
use crate::engine::{Engine, Live, SETTLING};
use crate::ports::LogLine;

/// The maximum number of bytes that are kept. A record has room for a thousand times as many.
const KEPT_BYTES: usize = 8 * 1024;

impl Engine {
    /// Reads the last lines of the `start`-th start, which has ended. Returns none if the container has been
    /// started again.
    pub(in crate::engine) async fn lines_to_keep(&self, live: &Arc<Live>, start: u32) -> Vec<KeptLine> {
        // By then, a peer has removed a container that it launches again, and nothing is kept. The agent
        // keeps the Pod for longer.
        tokio::time::sleep(SETTLING).await;
        if live.is_gone() || live.record().container.starts != start {
            return Vec::new();
        }
        last(self.last_lines(live).await)
    }
}

/// Returns as many of the last lines as may be kept. The first of them may lack its beginning.
fn last(lines: Vec<LogLine>) -> Vec<KeptLine> {
    let mut room = KEPT_BYTES;
    let newest_first = lines.into_iter().rev().map(|line| {
        let mut kept = KeptLine::from(line);
        let cut = kept.text.len().saturating_sub(room);
        kept.text = kept.text.split_off(kept.text.ceil_char_boundary(cut));
        room -= kept.text.len();
        kept
    });
    let mut kept: Vec<_> = newest_first.take_while(|line| !line.text.is_empty()).collect();
    kept.reverse();
    kept
}

impl From<LogLine> for KeptLine {
    fn from(line: LogLine) -> Self {
        Self {
            time: line.time,
            text: String::from_utf8_lossy(&line.text).into_owned(),
        }
    }
}

impl From<KeptLine> for LogLine {
    fn from(line: KeptLine) -> Self {
        Self {
            time: line.time,
            text: line.text.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_as_far_as_there_is_room() {
        let line = |text: String| LogLine {
            time: jiff::Timestamp::UNIX_EPOCH,
            text: text.into(),
        };
        let long = "x".repeat(KEPT_BYTES);
        let lines = ["a\n", &long, "first\n", "last\n"].map(str::to_owned);
        let kept = last(lines.map(line).into());
        let texts: Vec<_> = kept.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(texts, [&long["first\nlast\n".len()..], "first\n", "last\n"]);
    }
}
