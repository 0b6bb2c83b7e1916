//! What commands print. A reader that goes away (`| head`) is no error.

pub(crate) mod table;

use std::io::Write;

/// Writes to stdout, at once.
pub(crate) fn print(text: &str) {
    write(text.as_bytes());
}

/// [`print()`], for what may be no text.
pub(crate) fn write(bytes: &[u8]) {
    let mut stdout = std::io::stdout().lock();
    // Who does not read does not mind.
    let _ = stdout.write_all(bytes).and_then(|()| stdout.flush());
}
