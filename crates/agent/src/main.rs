//! `chainpod-agent`: the first process of every Pod that needs it.
//!
//! It fetches the uploads, runs the program that its arguments name, reports the result to chainpod, and ends
//! with the program's exit code. Its messages are those in `agent-protocol`. It knows nothing of Docker's API
//! or of Kubernetes.

use std::env;
use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use agent_protocol::exit_code::{KILLED, NO_PROGRAM};
use agent_protocol::{
    AGENT_DIR, AGENT_SAYS, AgentOption, CA_BUNDLE_FILE, Event, FailureKind, LAST_WORDS_FILE, StartFailure,
    TASK_DIR, TRUSTSTORE_FILE,
};
use rustix::process::WaitStatus;

use crate::client::Chainpod;
use crate::program::Program;

mod backoff;
mod client;
mod copy_hidden;
mod early_packets;
mod install;
mod launch;
mod oom;
mod outputs;
mod probe;
mod program;
mod sidecar;
mod signals;
mod task;
mod truststore;
mod unpack;

/// A directory to use in place of [`TASK_DIR`], for tests. The program does not see it.
const TASK_DIR_VARIABLE: &str = "CHAINPOD_TASK_DIR";
/// The time for which the agent stays after a program without outputs has ended, which was there to serve. Its
/// successor is launched at once, and otherwise the node would stop this Pod while it starts the next one.
const LINGER: Duration = Duration::from_secs(1);
/// Enough for a TLS handshake. Untouched memory costs nothing.
const STACK_BYTES: usize = 256 * 1024;

fn main() -> ExitCode {
    let directory = env::var_os(TASK_DIR_VARIABLE).map_or_else(|| TASK_DIR.into(), PathBuf::from);
    let argv: Vec<OsString> = env::args_os().skip(1).collect();
    let option = argv.first().and_then(|first| AgentOption::named(first));
    let done = match (option, &argv[..]) {
        (Some(AgentOption::Install), [_, to]) => install::to(Path::new(to)),
        (Some(AgentOption::Stay), [_, beside]) => sidecar::beside(Path::new(beside)),
        (Some(AgentOption::Keep), [_, directories @ ..]) => copy_hidden::all(directories),
        (Some(AgentOption::Probe), [_, targets @ ..]) => probe::all(targets),
        (_, argv) => run(&directory, argv),
    };
    let code = done.unwrap_or_else(|sentence| {
        say(&sentence);
        leave_word(&sentence);
        NO_PROGRAM
    });
    ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX))
}

/// Carries out the task in `directory`. Returns the agent's exit code, or the reason for which there was no
/// task.
fn run(directory: &Path, argv: &[OsString]) -> Result<i64, String> {
    let _staying = sidecar::hold(Path::new(AGENT_DIR));
    let orders = task::read(directory)?;
    let chainpod = Arc::new(Chainpod::new(&orders)?);
    let program = Arc::new(Program::new());
    // This comes first: a container can be stopped while its inputs are fetched.
    signals::forward(&chainpod, &program)?;
    if let Err(failure) = unpack::all(&chainpod, &orders.task.inputs) {
        let failure = StartFailure::new(FailureKind::Files, failure.into_text());
        return Ok(fail(&chainpod, failure));
    }
    if orders.task.truststore
        && let Err(error) = truststore::make(Path::new(CA_BUNDLE_FILE), Path::new(TRUSTSTORE_FILE))
    {
        return Ok(fail(&chainpod, StartFailure::new(FailureKind::Files, error)));
    }
    let killed_before = oom::kills();
    if let Err(failure) = program.start(|| launch::spawn(argv)) {
        return Ok(fail(&chainpod, failure));
    }
    let started = tell_started(&chainpod)?;
    let status = program.wait();
    let oom_killed = oom_killed(status, killed_before);
    chainpod.program_ended();
    // The start is reported before the end.
    let _ = started.join();
    outputs::hand_over(&chainpod, &orders.task.outputs);
    let exit_code = program::exit_code(status);
    let exited = Event::Exited {
        exit_code,
        oom_killed,
    };
    if let Err(failure) = chainpod.tell(&exited) {
        say(&format!("cannot report the exit: {}", failure.into_text()));
    }
    if orders.task.outputs.is_empty() {
        thread::sleep(LINGER);
    }
    Ok(exit_code)
}

/// Reports the start in a thread, while the program runs already.
fn tell_started(chainpod: &Arc<Chainpod>) -> Result<JoinHandle<()>, String> {
    let chainpod = Arc::clone(chainpod);
    in_thread(move || {
        // A refusal means that the container is gone. Nobody waits for its end then.
        if let Err(failure) = chainpod.tell(&Event::Started) {
            say(&format!("cannot report the start: {}", failure.into_text()));
        }
    })
}

/// Reports that there will be no program. Returns the exit code.
fn fail(chainpod: &Chainpod, failure: StartFailure) -> i64 {
    let (message, exit_code) = (failure.message.clone(), failure.exit_code);
    say(&message);
    chainpod.program_ended();
    if chainpod.tell(&Event::Failed(failure)).is_err() {
        leave_word(&message);
    }
    exit_code
}

/// Writes the termination message for the kubelet, for a chainpod that cannot be reached. Does nothing if there
/// is no kubelet.
fn leave_word(sentence: &str) {
    let file = File::options().write(true).truncate(true).open(LAST_WORDS_FILE);
    // If that fails, the log still has the sentence.
    let _ = file.and_then(|mut file| file.write_all(sentence.as_bytes()));
}

/// Returns true if the kernel killed the program for its memory. A shell that runs it exits with the same code.
fn oom_killed(status: WaitStatus, before: Option<u64>) -> bool {
    program::exit_code(status) == KILLED && oom::killed_since(before)
}

/// Writes a line to the container's log, where the program's own lines are.
fn say(sentence: &str) {
    eprintln!("{AGENT_SAYS}{sentence}");
}

fn in_thread<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> Result<JoinHandle<T>, String> {
    thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(body)
        .map_err(|error| format!("cannot start a thread: {error}"))
}
