//! chainpod as a process: how it begins, is ended and begins again.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::{Chainpod, IMAGE, STOP_LIMIT};

/// The time limit for chainpod to listen.
const LISTEN_LIMIT: Duration = Duration::from_secs(20);

impl Chainpod {
    /// Kills it with SIGKILL, so that it cannot clean up.
    ///
    /// # Errors
    /// Returns the operating system's error.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Starts it once more as it was started, after it has ended.
    ///
    /// # Errors
    /// Returns the errors of [`Chainpod::start`].
    pub fn start_again(&mut self) -> Result<()> {
        self.child = spawn(
            &self.daemon,
            &self.arguments,
            &self.environment,
            self.folder.path(),
        )?;
        self.await_listening()
    }

    /// Ends it as a rollout does, and starts the chainpod of this checkout in its place, with the same settings
    /// but for `agent-image`.
    ///
    /// # Errors
    /// Returns an error if it does not end within 5 s, or the errors of [`Chainpod::start`].
    pub fn upgrade(&mut self, daemon: &Path) -> Result<()> {
        self.terminate();
        ensure!(self.ended_within(STOP_LIMIT)?.is_some(), "chainpod does not end");
        daemon.clone_into(&mut self.daemon);
        let option = |argument: &OsString| argument.to_string_lossy().starts_with("--agent-image=");
        self.arguments.retain(|argument| !option(argument));
        self.arguments
            .extend(["--agent-image", IMAGE].map(OsString::from));
        self.start_again()
    }

    /// The process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Tells it to end: SIGTERM. One that has ended already hears nothing.
    pub fn terminate(&self) {
        if let Some(pid) = rustix::process::Pid::from_raw(self.child.id().cast_signed()) {
            // An error here means that it has ended already.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
    }

    /// Returns its exit status if it has ended within `limit`.
    ///
    /// # Errors
    /// Returns the operating system's error.
    pub fn ended_within(&mut self, limit: Duration) -> Result<Option<ExitStatus>> {
        let deadline = Instant::now() + limit;
        loop {
            let ended = self.child.try_wait()?;
            if ended.is_some() || Instant::now() > deadline {
                return Ok(ended);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until calls do not wait any more.
    pub(super) fn await_serving(&mut self) -> Result<()> {
        let deadline = Instant::now() + LISTEN_LIMIT;
        let serves = |answer: String| answer.contains("[+]listeners ok");
        while !call(self.admin, "GET /readyz?verbose").is_ok_and(serves) {
            if self.child.try_wait()?.is_some() || Instant::now() > deadline {
                bail!("chainpod does not serve:\n{}", self.log());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    pub(super) fn await_listening(&mut self) -> Result<()> {
        let deadline = Instant::now() + LISTEN_LIMIT;
        while TcpStream::connect(self.docker).is_err() {
            if self.child.try_wait()?.is_some() || Instant::now() > deadline {
                bail!("chainpod does not listen on {}:\n{}", self.docker, self.log());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

fn call(address: SocketAddr, request: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "{request} HTTP/1.1\r\nhost: chainpod\r\nconnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// A process whose log follows that of the one before.
pub(super) fn spawn(
    daemon: &Path,
    arguments: &[OsString],
    environment: &[(&'static str, String)],
    folder: &Path,
) -> Result<Child> {
    let log = File::options()
        .create(true)
        .append(true)
        .open(folder.join("log"))?;
    Command::new(daemon)
        .args(arguments)
        .envs(environment.iter().cloned())
        // What it leaves there when it is killed goes with the folder.
        .env("TMPDIR", folder)
        .stdin(Stdio::null())
        .stderr(log.try_clone()?)
        .stdout(log)
        .spawn()
        .with_context(|| format!("cannot run {}", daemon.display()))
}
