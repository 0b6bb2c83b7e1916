//! The end of what a program wrote, kept on its record: the log goes with its Pod, which
//! may be evicted, or deleted by hand.

use std::sync::Arc;

use super::{Engine, Live, SETTLING};
use crate::container::KeptLine;
use crate::ports::LogLine;

/// How much is kept at most: a record has room for a thousand times that.
const KEPT_BYTES: usize = 8 * 1024;

impl Engine {
    /// Reads the last lines of the `start`-th start, which has ended; none where it has been started anew.
    pub(super) async fn lines_to_keep(&self, live: &Arc<Live>, start: u32) -> Vec<KeptLine> {
        // A peer has removed by then what it launches anew, and nothing is kept. The agent keeps the Pod for longer.
        tokio::time::sleep(SETTLING).await;
        if live.is_gone() || live.record().container.starts != start {
            return Vec::new();
        }
        last(self.last_lines(live).await)
    }
}

/// As many of the last ones as may be kept.
fn last(lines: Vec<LogLine>) -> Vec<KeptLine> {
    let mut room = KEPT_BYTES;
    let mut kept: Vec<_> = lines
        .into_iter()
        .rev()
        .map(KeptLine::from)
        .take_while(|line| {
            let fits = line.text.len() <= room;
            room = room.saturating_sub(line.text.len());
            fits
        })
        .collect();
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
        let lines = ["x".repeat(KEPT_BYTES), "first\n".to_owned(), "last\n".to_owned()];
        let kept = last(lines.map(line).into());
        let texts: Vec<_> = kept.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(texts, ["first\n", "last\n"]);
    }
}
