//! The memory of a process, and its peak.

use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

/// The memory that chainpod may use above its idle memory.
const ABOVE_IDLE_KIB: u64 = 64 * 1024;
/// From here on it is killed: the machine is others', too.
const KILLED_AT_KIB: u64 = 1024 * 1024;
/// The pause between two looks: a gigabyte takes longer.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Resets the peak of a process to its present memory (proc(5)).
const RESET: &str = "5";

/// A process and its memory while nobody calls.
pub(super) struct Memory {
    process: u32,
    idle_kib: u64,
}

impl Memory {
    /// That process, which nobody calls.
    pub(super) fn idle(process: u32) -> Self {
        let idle_kib = status_kib(process, "VmRSS:").unwrap();
        Self { process, idle_kib }
    }

    /// Fails if the process uses too much memory before the attack is over.
    pub(super) fn is_bounded(&self, over: &AtomicBool) -> Result<()> {
        let process = self.process;
        fs::write(format!("/proc/{process}/clear_refs"), RESET)?;
        while !over.load(Ordering::Relaxed) {
            let held = status_kib(process, "VmRSS:").unwrap_or_default();
            if held > KILLED_AT_KIB {
                Command::new("kill").args(["-9", &process.to_string()]).status()?;
            }
            ensure!(held <= KILLED_AT_KIB, "it held {held} KiB and was killed");
            thread::sleep(LOOK_EVERY);
        }
        let most = status_kib(process, "VmHWM:");
        let most = most.context("the process has ended")?;
        let (idle, above) = (self.idle_kib, most.saturating_sub(self.idle_kib));
        println!("it held {above} KiB above {idle} KiB");
        ensure!(above <= ABOVE_IDLE_KIB, "it held {above} KiB above {idle} KiB");
        Ok(())
    }
}

/// Returns a figure of the kernel about a process; none if the process has ended.
fn status_kib(process: u32, field: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let value = status.lines().find_map(|line| line.strip_prefix(field))?;
    value.trim().strip_suffix(" kB")?.parse().ok()
}
