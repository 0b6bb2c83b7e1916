//! How a program ended, and the last that it wrote.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How a container ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Exit {
    /// The program's exit code; 128 + N for signal N.
    pub code: i64,
    /// Whether it was killed for its memory.
    pub oom_killed: bool,
    /// A sentence where there is more to say than the code; else empty.
    pub error: String,
    /// When it was heard.
    pub finished_at: Timestamp,
}

impl Exit {
    /// An exit that is heard of now.
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
    /// When it was written.
    pub time: Timestamp,
    /// The line, as text.
    pub text: String,
}
