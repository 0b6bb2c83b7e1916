//! The lab's processes: each outlives the command that started it and is marked
//! by an environment variable with its folder, so that whatever happened it is
//! found and ended, and nothing else.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde::Serialize;

use crate::cache;

/// The environment variable that marks processes. Its value is the folder of the part of the lab that they
/// belong to.
const MARKER: &str = "CHAINPOD_LAB";
/// The time limit for killed processes to be gone.
const KILL_LIMIT: Duration = Duration::from_secs(5);
/// The pause between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A process of the lab.
#[derive(Debug, Serialize)]
pub struct Process {
    /// Its id.
    pub pid: i32,
    /// Its command line.
    pub command: String,
    /// Its resident memory.
    pub resident_mib: u64,
}

/// Marks what `command` starts as belonging to `folder`.
pub(crate) fn mark<'a>(command: &'a mut Command, folder: &Path) -> &'a mut Command {
    command.env(MARKER, folder)
}

/// Starts a program of `folder` in the background, with its log in `folder/logs/NAME.log`.
///
/// # Errors
/// Returns an error if it cannot be executed.
pub(crate) fn start(
    name: &str,
    folder: &Path,
    program: &Path,
    arguments: &[String],
    environment: &[(&str, String)],
) -> Result<()> {
    let logs = folder.join("logs");
    fs::create_dir_all(&logs)?;
    let log = File::create(logs.join(format!("{name}.log")))?;
    // setsid: a terminal's interrupt must not reach it.
    let mut command = Command::new("setsid");
    command.arg("--fork").arg(program).args(arguments);
    let status = mark(&mut command, folder)
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .status()
        .with_context(|| format!("cannot start {name}"))?;
    if status.success() {
        Ok(())
    } else {
        bail!("cannot start {name} ({}): {status}", program.display())
    }
}

/// All processes of the lab, in the order of their ids.
///
/// # Errors
/// Returns an error if `/proc` cannot be read.
pub fn status() -> Result<Vec<Process>> {
    of(&cache::root()?)
}

/// The processes that belong to `folder` or something below it, in the order of their ids.
///
/// # Errors
/// Returns an error if `/proc` cannot be read.
pub(crate) fn of(folder: &Path) -> Result<Vec<Process>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let entry = entry?;
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // A process that ended meanwhile has nothing to read.
        let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
        if belongs_to(&environment, folder) {
            let command = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let command = String::from_utf8_lossy(&command).replace('\0', " ");
            found.push(Process {
                pid,
                command: command.trim().to_owned(),
                resident_mib: resident_mib(&entry.path()),
            });
        }
    }
    found.sort_by_key(|process| process.pid);
    Ok(found)
}

fn belongs_to(environment: &[u8], folder: &Path) -> bool {
    use std::os::unix::ffi::OsStrExt;
    let prefix = format!("{MARKER}=");
    environment
        .split(|byte| *byte == 0)
        .filter_map(|variable| variable.strip_prefix(prefix.as_bytes()))
        .any(|value| Path::new(OsStr::from_bytes(value)).starts_with(folder))
}

fn resident_mib(process: &Path) -> u64 {
    let status = fs::read_to_string(process.join("status")).unwrap_or_default();
    let kib = status.lines().find_map(|line| {
        line.strip_prefix("VmRSS:")?
            .trim()
            .strip_suffix(" kB")?
            .parse::<u64>()
            .ok()
    });
    kib.unwrap_or_default() >> 10
}

/// Asks what `find` finds to end, and kills what has not after `limit`.
///
/// # Errors
/// Returns the errors of [`kill_all`].
pub(crate) fn end_all(limit: Duration, mut find: impl FnMut() -> Result<Vec<i32>>) -> Result<()> {
    signal(find()?, Signal::TERM);
    let deadline = Instant::now() + limit;
    while !find()?.is_empty() && Instant::now() < deadline {
        std::thread::sleep(LOOK_EVERY);
    }
    kill_all(find)
}

/// Sends `signal` to these processes. A process that has ended meanwhile is no error.
fn signal(pids: impl IntoIterator<Item = i32>, signal: Signal) {
    for pid in pids.into_iter().filter_map(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

/// Kills what `find` finds, again and again until it finds nothing.
///
/// # Errors
/// Returns an error if something is still there after 5 s.
pub(crate) fn kill_all(mut find: impl FnMut() -> Result<Vec<i32>>) -> Result<()> {
    let deadline = Instant::now() + KILL_LIMIT;
    loop {
        let pids = find()?;
        if pids.is_empty() {
            return Ok(());
        }
        if Instant::now() > deadline {
            bail!("processes of the lab do not end: {pids:?}");
        }
        signal(pids, Signal::KILL);
        std::thread::sleep(LOOK_EVERY);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_belongs_to_its_folder_and_those_above() {
        let environment = b"A=1\0CHAINPOD_LAB=/cache/networks/one\0B=2";
        for (folder, belongs) in [
            ("/cache/networks/one", true),
            ("/cache", true),
            ("/cache/networks/on", false),
            ("/cache/run", false),
        ] {
            assert_eq!(belongs_to(environment, Path::new(folder)), belongs, "{folder}");
        }
    }
}
