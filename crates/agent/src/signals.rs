//! The signals for the program. chainpod sends them on its command stream, and the kubelet sends them to the
//! agent.

use std::io::{BufRead, BufReader, Read};
use std::process;
use std::sync::Arc;

use agent_protocol::{Command, Event, StartFailure};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};
use signal_hook::iterator::Signals;

use crate::backoff::Backoff;
use crate::client::{Chainpod, Failure};
use crate::program::{Program, Signalled};
use crate::{in_thread, say};

/// The signals that the kubelet, or somebody in the Pod, may send to the agent.
const FORWARDED: [i32; 7] = [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH];
/// The longest line of a command.
const LINE_BYTES: usize = 512;

/// Forwards the agent's own signals and chainpod's from now on.
///
/// # Errors
/// Returns a sentence if the kernel refuses a thread or a handler.
pub(crate) fn forward(chainpod: &Arc<Chainpod>, program: &Arc<Program>) -> Result<(), String> {
    let mut own = Signals::new(FORWARDED).map_err(|error| format!("cannot handle signals: {error}"))?;
    let to = (Arc::clone(chainpod), Arc::clone(program));
    in_thread(move || {
        for number in &mut own {
            deliver(number, &to.0, &to.1);
        }
    })?;
    let to = (Arc::clone(chainpod), Arc::clone(program));
    in_thread(move || listen(&to.0, &to.1))?;
    Ok(())
}

/// Follows the command stream while the start is the container's current one.
fn listen(chainpod: &Chainpod, program: &Program) {
    let mut backoff = Backoff::new();
    loop {
        match chainpod.get("commands") {
            Ok(stream) => {
                if obey(stream, chainpod, program) {
                    backoff = Backoff::new();
                }
            }
            Err(Failure::Over(text)) => return say(&format!("no more commands will come: {text}")),
            Err(Failure::Away(_) | Failure::Refused(_) | Failure::Local(_)) => {}
        }
        backoff.wait();
    }
}

/// Carries out the commands of a stream, to its end. Returns true if there was a line.
fn obey(stream: impl Read, chainpod: &Chainpod, program: &Program) -> bool {
    let mut any = false;
    let lines = BufReader::with_capacity(LINE_BYTES, stream).lines();
    for line in lines.map_while(Result::ok) {
        any = true;
        if line.is_empty() {
            continue;
        }
        match serde_json::from_str(&line) {
            Ok(Command::Signal { number }) => deliver(number, chainpod, program),
            Err(error) => say(&format!("cannot read a command: {error}")),
        }
    }
    any
}

fn deliver(number: i32, chainpod: &Chainpod, program: &Program) {
    match program.signal(number) {
        Signalled::Done => {}
        Signalled::Unknown => say(&format!("cannot send signal {number}")),
        Signalled::Cancelled => {
            let failure = StartFailure::signalled(number);
            let exit_code = failure.exit_code;
            chainpod.tell_once(&Event::Failed(failure));
            end(exit_code);
        }
    }
}

#[expect(
    clippy::exit,
    reason = "the main thread is in a transfer that nothing else can end"
)]
fn end(exit_code: i64) -> ! {
    process::exit(i32::try_from(exit_code).unwrap_or(i32::MAX))
}
