//! How far a log has been read.

use jiff::Timestamp;

use crate::ports::LogLine;

/// How far a log has been read. The API resumes at whole seconds, so a resumed read begins with
/// lines that were read before.
#[derive(Default)]
pub(super) struct Cursor {
    /// The last line's time.
    time: Option<Timestamp>,
    /// How many lines have had exactly that time.
    at_time: usize,
    /// How many of those the current read has met.
    met: usize,
}

impl Cursor {
    /// Nothing that is older is read.
    pub(super) fn from(since: Option<Timestamp>) -> Self {
        Self {
            time: since,
            ..Self::default()
        }
    }

    /// Where the next read begins.
    pub(super) fn time(&self) -> Option<Timestamp> {
        self.time
    }

    /// A new read begins.
    pub(super) fn rewind(&mut self) {
        self.met = 0;
    }

    /// The line unless it has been read before.
    pub(super) fn pass(&mut self, line: LogLine) -> Option<LogLine> {
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
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

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
        let texts: Vec<_> = second
            .into_iter()
            .filter_map(|line| cursor.pass(line))
            .map(|line| line.text)
            .collect();
        assert_eq!(texts, ["d", "e"]);
    }
}
