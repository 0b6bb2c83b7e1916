//! The signals for the program. chainpod sends them as commands, and the kubelet sends them to the agent.

use std::process;
use std::sync::Arc;

use agent_protocol::{Event, StartFailure};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};
use signal_hook::iterator::Signals;

use crate::client::Chainpod;
use crate::program::{Program, Signalled};
use crate::{in_thread, say};

/// The signals that the kubelet, or somebody in the Pod, may send to the agent.
const FORWARDED: [i32; 7] = [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH];

/// Forwards the agent's own signals from now on.
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
    Ok(())
}

/// Sends the signal to the program. If there is no program yet and the signal ends it, the agent exits.
pub(crate) fn deliver(number: i32, chainpod: &Chainpod, program: &Program) {
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
