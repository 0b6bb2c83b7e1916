//! How far a log has been read, so that a read that was cut off is resumed without loss or repetition.
//!
//! The API resumes at whole seconds and tells the time of a line's beginning only. So the place is a time and
//! how many bytes of lines with that time have been read: a read may be cut off in the middle of a long line.
//!
//! Two places cannot be found again. In the middle of a line whose beginning has not been read (the log was read
//! from its end) the rest of that line is lost up to where the next read begins. Where the kubelet rotated the
//! file in the middle of a line, the new file's part has a time of its own and is repeated.

use std::cmp::Ordering;

use bytes::Buf;
use jiff::Timestamp;

use super::LogRequest;
use crate::ports::LogLine;

/// How far a log has been read.
pub(super) struct Cursor {
    /// The time of the youngest line that has been read; before the first one what the client says.
    time: Option<Timestamp>,
    /// How many bytes of lines with exactly that time have been read; none before the first one.
    bytes: Option<usize>,
    /// With how many of the entries that are there already the client begins, until they have been read.
    tail: Option<usize>,
    /// Whether the line that was read last goes on and its beginning has not been read.
    inside: bool,
    /// How many bytes with that time the current read repeats; none once it is beyond them.
    repeated: Option<usize>,
}

impl Cursor {
    /// Nothing has been read.
    pub(super) fn new(request: &LogRequest) -> Self {
        Self {
            time: request.since,
            bytes: None,
            tail: request.tail,
            inside: false,
            repeated: None,
        }
    }

    /// Where the next read begins: `since` and `tail`.
    pub(super) fn place(&self) -> (Option<Timestamp>, Option<usize>) {
        match self.tail {
            // The last entry says where a client begins that wants none of them.
            Some(count) if self.bytes.is_none() => (self.time, Some(count.max(1))),
            _ if self.inside => (None, Some(0)),
            _ => (self.time, None),
        }
    }

    /// Whether the client has still to get, or to pass over, what is there already.
    pub(super) fn is_counting(&self) -> bool {
        self.tail.is_some()
    }

    /// How many entries the client begins with, where nothing has been read.
    pub(super) fn wanted(&self) -> Option<usize> {
        self.tail.filter(|_| self.bytes.is_none())
    }

    /// What was there already has been read.
    pub(super) fn counted(&mut self) {
        self.tail = None;
    }

    /// A read begins at [`Cursor::place`].
    pub(super) fn rewind(&mut self) {
        self.repeated = (!self.inside).then_some(self.bytes.unwrap_or_default());
    }

    /// Reads a line: what of it has not been read before and the client wants.
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
            // A runtime takes the time of its two streams' lines before it puts them in order.
            (Some(time), Some(_)) if line.time < time => {}
            (Some(time), Some(bytes)) if line.time == time => self.bytes = Some(bytes + length),
            _ => (self.time, self.bytes) = (Some(line.time), Some(length)),
        }
        (self.tail != Some(0)).then_some(line)
    }
}

#[cfg(test)]
mod tests;
