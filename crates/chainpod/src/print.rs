//! The output of commands. A reader that closes the pipe (`| head`) is not an error.

pub(crate) mod table;

use std::io::Write;

/// Writes to stdout and flushes it.
pub(crate) fn print(text: &str) {
    write(text.as_bytes());
}

/// Like [`print()`], for bytes that may not be text.
pub(crate) fn write(bytes: &[u8]) {
    let mut stdout = std::io::stdout().lock();
    // A reader that has gone does not need the rest.
    let _ = stdout.write_all(bytes).and_then(|()| stdout.flush());
}
