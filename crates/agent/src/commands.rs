//! The stream of chainpod's commands for the program: `GET commands`. It is opened again whenever it breaks.

use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;

use agent_protocol::Command;

use crate::backoff::Backoff;
use crate::client::{Chainpod, Failure};
use crate::program::Program;
use crate::signals::deliver;
use crate::{in_thread, say};

/// The longest line of a command.
const LINE_BYTES: usize = 512;

/// Carries out chainpod's commands from now on.
///
/// # Errors
/// Returns a sentence if the kernel refuses a thread.
pub(crate) fn follow(chainpod: &Arc<Chainpod>, program: &Arc<Program>) -> Result<(), String> {
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
            Err(Failure::Over(text)) => return say(&format!("command stream ended: {text}")),
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
