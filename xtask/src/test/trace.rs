//! That the lab leaves the machine as it was: also where parts of it, or `up`
//! itself, were killed. Nothing is asked of a killed program, so each `down`
//! here comes after a kill -9.

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use lab::cluster::{self, Cluster};
use lab::processes;
use lab::progress::Progress;

/// The number of times that `--full` takes the lab up and down with a part killed.
const ROUNDS: u64 = 5;
/// The parts that are killed before the lab is taken down, one in each round.
const VICTIMS: [&str; ROUNDS as usize] = ["kubelet", "containerd", "kube-proxy", "etcd", "kube-apiserver"];
/// The time after which `up` is killed: after the control plane's start and before the node is Ready.
const UP_KILLED_AFTER: Duration = Duration::from_secs(6);

/// Compares what is on the machine before the lab comes up and after it went; `work` runs on it,
/// then the kubelet is killed.
pub(super) fn compared(progress: &Progress, work: impl FnOnce() -> Result<()>) -> Result<()> {
    round(progress, || {
        Cluster::up(progress)?;
        work()?;
        kill(VICTIMS[0])
    })
}

/// Does five rounds, each with another part killed, and one in which `up` is killed. Returns the number of
/// rounds.
pub(super) fn full(progress: &Progress) -> Result<u64> {
    for victim in VICTIMS {
        round(progress, || {
            Cluster::up(progress)?;
            kill(victim)
        })?;
    }
    round(progress, killed_up)?;
    Ok(ROUNDS + 1)
}

fn round(progress: &Progress, work: impl FnOnce() -> Result<()>) -> Result<()> {
    progress.step("ending what an earlier lab left", || lab::down(false))?;
    let before = cluster::trace()?;
    let outcome = work();
    progress.step("ending the lab", || lab::down(false))?;
    outcome?;
    let after = cluster::trace()?;
    if before == after {
        return Ok(());
    }
    bail!(
        "the lab left traces; before:\n{}\nafter:\n{}",
        only(&before, &after),
        only(&after, &before)
    );
}

/// The lines of the one that are not in the other.
fn only(one: &str, other: &str) -> String {
    let lines = one
        .lines()
        .filter(|line| !other.lines().any(|known| known == *line));
    lines.collect::<Vec<_>>().join("\n")
}

fn kill(part: &str) -> Result<()> {
    let processes = processes::status()?;
    let victim = processes.iter().find(|process| {
        let mut words = process.command.split(' ');
        let program = words.next().and_then(|file| file.rsplit('/').next());
        program == Some(part) || words.next() == Some(part)
    });
    let pid = victim.with_context(|| format!("no {part} runs"))?.pid;
    kill_9(pid)
}

fn killed_up() -> Result<()> {
    let this = std::env::current_exe()?;
    let mut up = Command::new(this)
        .args(["lab", "up"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    std::thread::sleep(UP_KILLED_AFTER);
    up.kill()?;
    up.wait()?;
    if Cluster::running().is_some() {
        bail!("`up` had ended before it was killed");
    }
    Ok(())
}

fn kill_9(pid: i32) -> Result<()> {
    let status = Command::new("kill").args(["-9", &pid.to_string()]).status()?;
    if status.success() {
        Ok(())
    } else {
        bail!("cannot kill {pid}")
    }
}
