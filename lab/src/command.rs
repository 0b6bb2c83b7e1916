//! Runs programs to their end, and waits for conditions.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// The longest wait: the slowest condition is a node that gets ready.
const READY_LIMIT: Duration = Duration::from_secs(90);
/// The pause between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Runs a program to its end and returns its standard output.
///
/// # Errors
/// Returns an error if it cannot be run. When it fails: with its standard error.
pub fn run(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("cannot run {}", command.get_program().display()))?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Waits until `ready` returns true.
///
/// # Errors
/// Returns an error if it does not within 90 s.
pub fn await_true(what: &str, mut ready: impl FnMut() -> bool) -> Result<()> {
    let deadline = Instant::now() + READY_LIMIT;
    while !ready() {
        if Instant::now() > deadline {
            bail!("waited {} s in vain for {what}", READY_LIMIT.as_secs());
        }
        std::thread::sleep(LOOK_EVERY);
    }
    Ok(())
}
