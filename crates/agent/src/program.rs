//! The one program of this Pod: its state, its signals and its end. The agent is the first process, so it also
//! reaps all orphans. This is the only place that waits.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use agent_protocol::StartFailure;
use agent_protocol::exit_code::SIGNALLED;
use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitOptions, WaitStatus, kill_process, wait, waitid,
};

/// The signals whose default action ends a process. The others change nothing before there is a program.
const FATAL: [Signal; 5] = [Signal::HUP, Signal::INT, Signal::QUIT, Signal::KILL, Signal::TERM];

/// The program. Every thread that sends signals shares it.
pub(crate) struct Program(Mutex<State>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Its inputs are being fetched.
    Waiting,
    /// It must not be started any more.
    Cancelled,
    Running(Pid),
    Ended,
}

/// The result of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signalled {
    /// It was sent, or there is no program to send it to.
    Done,
    /// There was no program yet and there will be none: the agent has to end.
    Cancelled,
    /// The agent cannot send such a signal.
    Unknown,
}

impl Program {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(State::Waiting))
    }

    /// Starts the program. Does not return if it was cancelled: whoever cancelled it ends the agent.
    pub(crate) fn start(
        &self,
        spawn: impl FnOnce() -> Result<Pid, StartFailure>,
    ) -> Result<(), StartFailure> {
        let mut state = self.state();
        if *state == State::Cancelled {
            drop(state);
            loop {
                thread::park();
            }
        }
        *state = State::Running(spawn()?);
        Ok(())
    }

    /// Sends a signal to the program and to nobody else.
    pub(crate) fn signal(&self, number: i32) -> Signalled {
        let Some(signal) = Signal::from_named_raw(number) else {
            return Signalled::Unknown;
        };
        let mut state = self.state();
        match *state {
            State::Running(pid) => {
                // The program is not reaped before its state changes, so the pid is still its own.
                let _ = kill_process(pid, signal);
                Signalled::Done
            }
            State::Waiting if FATAL.contains(&signal) => {
                *state = State::Cancelled;
                Signalled::Cancelled
            }
            State::Waiting | State::Cancelled | State::Ended => Signalled::Done,
        }
    }

    /// Waits for the program's end, and reaps all other children meanwhile.
    pub(crate) fn wait(&self) -> WaitStatus {
        loop {
            // Looks without reaping: nobody may be reaped while a signal is being sent.
            match waitid(WaitId::All, WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
                Ok(_) | Err(Errno::INTR) => {}
                // The program is our child until it is reaped here.
                Err(errno) => panic!("cannot wait for the program: {errno}"),
            }
            let mut state = self.state();
            while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
                if *state == State::Running(pid) {
                    *state = State::Ended;
                    return status;
                }
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns Docker's exit code: the program's own, or [`SIGNALLED`] plus the signal's number.
pub(crate) fn exit_code(status: WaitStatus) -> i64 {
    let by_itself = status.exit_status().map(i64::from);
    let by_signal = || Some(SIGNALLED + i64::from(status.terminating_signal()?));
    by_itself.or_else(by_signal).unwrap_or(u8::MAX.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn before_the_program_only_a_fatal_signal_counts() {
        let program = Program::new();
        assert_eq!(program.signal(Signal::USR1.as_raw()), Signalled::Done);
        assert_eq!(program.signal(0), Signalled::Unknown);
        assert_eq!(program.signal(Signal::TERM.as_raw()), Signalled::Cancelled);
        assert_eq!(program.signal(Signal::TERM.as_raw()), Signalled::Done);
        assert_eq!(*program.state(), State::Cancelled);
    }
}
