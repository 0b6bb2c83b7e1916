//! The events that the agent reports.

use serde::{Deserialize, Serialize};

use crate::exit_code::{NEVER_BEGAN, NO_PROGRAM, NOT_EXECUTABLE, NOT_FOUND, SIGNALLED};

/// An event that the agent reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "event")]
pub enum Event {
    /// The program runs.
    Started,
    /// The program could not be started.
    Failed(StartFailure),
    /// The program has ended and its outputs have been sent.
    #[serde(rename_all = "camelCase")]
    Exited {
        /// The exit code; 128 + N for signal N.
        exit_code: i64,
        /// True if the kernel killed the program for its memory.
        oom_killed: bool,
    },
}

/// A program that could not be started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", from = "Sent")]
pub struct StartFailure {
    /// The reason.
    pub kind: FailureKind,
    /// The reason as a sentence, in the same text as Docker's if Docker has one.
    pub message: String,
    /// The exit code for it, which is the agent's own too.
    pub exit_code: i64,
}

/// The reason for which a program could not be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FailureKind {
    /// The program's files did not come: the agent has not tried to start it.
    Files,
    /// There is no such program.
    NotFound,
    /// The program cannot be executed.
    NotExecutable,
    /// A signal ended the agent first.
    Signalled,
    /// Anything else, also a kind that only a later agent knows.
    #[serde(other)]
    Other,
}

/// A failure as agents send it. Agents of before there were kinds send none: the exit code says it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sent {
    kind: Option<FailureKind>,
    message: String,
    exit_code: i64,
}

impl StartFailure {
    /// Returns a failure of that kind, with Docker's exit code for it.
    #[must_use]
    pub const fn new(kind: FailureKind, message: String) -> Self {
        let exit_code = match kind {
            FailureKind::Files => NO_PROGRAM,
            FailureKind::NotFound => NOT_FOUND,
            FailureKind::NotExecutable => NOT_EXECUTABLE,
            FailureKind::Signalled | FailureKind::Other => NEVER_BEGAN,
        };
        Self {
            kind,
            message,
            exit_code,
        }
    }

    /// Returns the failure for a signal of that number.
    #[must_use]
    pub fn signalled(number: i32) -> Self {
        Self {
            kind: FailureKind::Signalled,
            message: format!("signal {number} arrived before the program started"),
            exit_code: SIGNALLED + i64::from(number),
        }
    }
}

impl FailureKind {
    const fn of(exit_code: i64) -> Self {
        match exit_code {
            NO_PROGRAM => Self::Files,
            NOT_FOUND => Self::NotFound,
            NOT_EXECUTABLE => Self::NotExecutable,
            code if code > SIGNALLED => Self::Signalled,
            _ => Self::Other,
        }
    }
}

impl From<Sent> for StartFailure {
    fn from(sent: Sent) -> Self {
        Self {
            kind: sent.kind.unwrap_or(FailureKind::of(sent.exit_code)),
            message: sent.message,
            exit_code: sent.exit_code,
        }
    }
}

#[cfg(test)]
mod tests;
