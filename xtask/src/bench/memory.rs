//! `bench memory`: chainpod is small when nobody calls it, and what streams through it
//! does not stay in it.

use std::fs::{self, File};
use std::io::{Cursor, Read};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use harness::chainpod::Chainpod;
use lab::docker::tar;
use serde_json::json;
use tar::Header;
use ureq::SendBody;

use super::{Figures, IMAGE, Setting};

/// The size of what is sent.
const MIB: u64 = 200;
/// A tar's block.
const BLOCK: usize = 512;
/// The time without a call after which chainpod counts as idle: the memory for its start has been given back.
const IDLE: Duration = Duration::from_secs(60);
/// The most that it may have resident then: 15 MB.
const IDLE_LIMIT_MIB: f64 = 14.3;
const RESIDENT_IDLE: &str = "resident after a minute without a call";
const BEFORE: &str = "resident before";
const BUILD: &str = "peak of a build of 200 MiB";
const UPLOAD: &str = "peak of an upload of 200 MiB";
const MORE: &str = "the most above what was resident before";

/// Measures it: each round sends a build and an upload.
pub(super) fn measure(setting: &Setting, rounds: usize) -> Result<Figures> {
    let chainpod = setting.chainpod()?;
    let mut figures = Figures::new("MiB", &[]);
    figures.add(RESIDENT_IDLE, idle(setting, &chainpod)?);
    let docker = chainpod.api()?;
    docker.pull(IMAGE)?;
    let dockerfile = format!("FROM {IMAGE}\nADD package /usr/local/bin/\n");
    setting.rounds(rounds, |round| {
        let name = format!("upload-{round}");
        docker.create(&name, &json!({"Image": IMAGE, "Cmd": ["/bin/true"]}))?;
        let before = resident(chainpod.pid(), "VmRSS")?;
        let peak_of = |send: &dyn Fn() -> Result<()>| {
            forget_peak(chainpod.pid())?;
            send()?;
            resident(chainpod.pid(), "VmHWM")
        };
        let build = peak_of(&|| docker.build("memory", package(&dockerfile, MIB << 20)?))?;
        let upload = peak_of(&|| docker.upload(&name, "/tmp", package("", MIB << 20)?))?;
        docker.remove(&name)?;
        figures.add(BEFORE, before);
        figures.add(BUILD, build);
        figures.add(UPLOAD, upload);
        figures.add(MORE, build.max(upload) - before);
        Ok(())
    })?;
    Ok(figures)
}

/// Returns the resident memory after that time without a call.
fn idle(setting: &Setting, chainpod: &Chainpod) -> Result<f64> {
    let step = format!("{} s without a call", IDLE.as_secs());
    setting.progress.step(&step, || {
        thread::sleep(IDLE);
        let idle = resident(chainpod.pid(), "VmRSS")?;
        ensure!(
            idle <= IDLE_LIMIT_MIB,
            "chainpod has {idle:.1} MiB resident while nobody calls it, {IDLE_LIMIT_MIB} are allowed: look at what its binary has grown by"
        );
        Ok(idle)
    })
}

/// A tar with a Dockerfile, if there is one, and a file that nothing can make smaller.
fn package(dockerfile: &str, bytes: u64) -> Result<SendBody<'static>> {
    let mut begin = tar(&[("Dockerfile", dockerfile.as_bytes())])?;
    // Without the two empty blocks that end a tar.
    begin.truncate(begin.len() - 2 * BLOCK);
    let mut header = Header::new_gnu();
    header.set_path("package")?;
    header.set_mode(0o644);
    header.set_size(bytes);
    header.set_cksum();
    begin.extend_from_slice(header.as_bytes());
    let content = File::open("/dev/urandom")?.take(bytes);
    let tar = Cursor::new(begin)
        .chain(content)
        .chain(Cursor::new([0; 2 * BLOCK]));
    Ok(SendBody::from_owned_reader(tar))
}

/// A figure of `/proc/PID/status`, in MiB.
fn resident(pid: u32, figure: &str) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let kib = status.lines().find_map(|line| {
        line.strip_prefix(figure)?
            .split_whitespace()
            .nth(1)?
            .parse::<f64>()
            .ok()
    });
    Ok(kib.with_context(|| format!("process {pid} has no {figure}"))? / 1024.0)
}

/// The peak starts anew (proc(5), `clear_refs`).
fn forget_peak(pid: u32) -> Result<()> {
    fs::write(format!("/proc/{pid}/clear_refs"), "5").context("cannot reset the peak")
}
