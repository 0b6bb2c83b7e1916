//! The end of a program, and the last lines of its output.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The end of a container's program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Exit {
    /// The program's exit code, or 128 + N for signal N.
    pub code: i64,
    /// True if the program was killed for lack of memory.
    pub oom_killed: bool,
    /// The sentence about the cause. Empty if the code says everything.
    pub error: String,
    /// The time at which the end was reported.
    pub finished_at: Timestamp,
}

impl Exit {
    /// Returns an exit that is reported now.
    pub(crate) fn now(code: i64, oom_killed: bool, error: String) -> Self {
        Self {
            code,
            oom_killed,
            error,
            finished_at: Timestamp::now(),
        }
    }
}

/// A line of output that outlives its Pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptLine {
    /// The time at which it was written.
    pub time: Timestamp,
    /// The line, as text.
    pub text: String,
}
