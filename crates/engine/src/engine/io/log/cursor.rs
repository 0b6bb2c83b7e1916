//! The position in a log up to which it has been read, so that a read that was cut off resumes without loss
//! or repetition.
//!
//! The API resumes at whole seconds, and only the beginning of a line has a time. So a position is a time,
//! and the number of bytes read of lines with that time: a read may be cut off in the middle of a long line.
//!
//! The resumption fails at two positions. In the middle of a line whose beginning has not been read (the log
//! was read from its end), the rest of that line is lost up to the beginning of the next read. If the kubelet
//! rotated the file in the middle of a line, the new file's part has its own time and is repeated.

use std::cmp::Ordering;

use bytes::Buf;
use jiff::Timestamp;

use super::LogRequest;
use crate::ports::LogLine;

/// The position in a log up to which it has been read.
pub(super) struct Cursor {
    /// The time of the youngest line that has been read. Before the first line, the client's `since`.
    time: Option<Timestamp>,
    /// The number of bytes read of lines with exactly that time. None before the first line.
    bytes: Option<usize>,
    /// The number of existing entries that the client begins with, until they have been read.
    tail: Option<usize>,
    /// True if the last line continues and its beginning has not been read.
    inside: bool,
    /// The bytes with that time that the current read still repeats. None when the read has passed them.
    repeated: Option<usize>,
}

impl Cursor {
    /// Creates the position before the first line.
    pub(super) fn new(request: &LogRequest) -> Self {
        Self {
            time: request.since,
            bytes: None,
            tail: request.tail,
            inside: false,
            repeated: None,
        }
    }

    /// Returns the beginning of the next read: `since` and `tail`.
    pub(super) fn place(&self) -> (Option<Timestamp>, Option<usize>) {
        match self.tail {
            // The last entry is the position for a client that wants no existing entries.
            Some(count) if self.bytes.is_none() => (self.time, Some(count.max(1))),
            _ if self.inside => (None, Some(0)),
            _ => (self.time, None),
        }
    }

    /// Returns true while existing entries remain to be sent or skipped.
    pub(super) fn is_counting(&self) -> bool {
        self.tail.is_some()
    }

    /// Returns the number of existing entries that the client begins with, if nothing has been read.
    pub(super) fn wanted(&self) -> Option<usize> {
        self.tail.filter(|_| self.bytes.is_none())
    }

    /// Marks the existing entries as read.
    pub(super) fn counted(&mut self) {
        self.tail = None;
    }

    /// Begins a read at [`Cursor::place`].
    pub(super) fn rewind(&mut self) {
        self.repeated = (!self.inside).then_some(self.bytes.unwrap_or_default());
    }

    /// Reads a line. Returns the part of it that is new and that the client wants.
    pub(super) fn pass(&mut self, mut line: LogLine) -> Option<LogLine> {
        if let (Some(time), Some(repeated)) = (self.time, &mut self.repeated) {
            match line.time.cmp(&time) {
                Ordering::Less => return None,
                Ordering::Equal => {
                    let again = line.text.len().min(*repeated);
                    line.text.advance(again);
                    *repeated -= again;
                }
                Ordering::Greater => {}
            }
        }
        if line.text.is_empty() {
            return None;
        }
        self.repeated = None;
        self.inside = (self.inside || self.wanted().is_some()) && !line.is_end();
        let length = line.text.len();
        match (self.time, self.bytes) {
            // A runtime takes the time of the two streams' lines before it puts them in order.
            (Some(time), Some(_)) if line.time < time => {}
            (Some(time), Some(bytes)) if line.time == time => self.bytes = Some(bytes + length),
            _ => (self.time, self.bytes) = (Some(line.time), Some(length)),
        }
        (self.tail != Some(0)).then_some(line)
    }
}

#[cfg(test)]
mod tests;
