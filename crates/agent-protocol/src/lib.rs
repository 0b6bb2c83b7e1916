//! The protocol between chainpod and `chainpod-agent`: version 1.
//!
//! The agent finds its [`Task`], its token and chainpod's CA as files in
//! [`TASK_DIR`]. It then calls, with `Authorization: Bearer TOKEN`, below
//! [`Task::url`]:
//!
//! | call | body | answer |
//! |---|---|---|
//! | `GET inputs/N` | | the tar of the Nth of [`Task::inputs`] |
//! | `GET commands` | | a stream of lines, each a [`Command`] as JSON; an empty line every [`KEEPALIVE_SECS`] |
//! | `POST events` | an [`Event`] as JSON | 204 |
//! | `PUT outputs/N` | the tar of the Nth of [`Task::outputs`] | 204 |
//!
//! An agent whose start is not its container's current one gets the answer 410 to the first, second and fourth
//! call, and does not ask again.
//!
//! An agent speaks the version of the chainpod that started its Pod, and reports to later ones too. So what is new in
//! an [`Event`] may be missing, and the version stays the same.
//!
//! The order of events is started, outputs, exited. A start that failed has the event failed alone. A call that
//! reaches no server is repeated until it does: chainpod may be restarted.

use serde::{Deserialize, Serialize};

mod event;
pub mod exit_code;
mod option;

pub use self::event::{Event, FailureKind, StartFailure};
pub use self::option::AgentOption;

/// The protocol's version, as [`Task::version`] has it.
pub const VERSION: u32 = 1;

/// The directory with the agent's task: a mounted Secret.
pub const TASK_DIR: &str = "/.chainpod-task";
/// The file with the [`Task`] as JSON.
pub const TASK_FILE: &str = "task.json";
/// The file with the token, which is valid for this container only.
pub const TOKEN_FILE: &str = "token";
/// The file with the certificate of chainpod's own CA, PEM.
pub const CA_FILE: &str = "ca.crt";

/// The directory at which chainpod's image, and so the agent, is mounted.
pub const AGENT_DIR: &str = "/.chainpod";
/// The agent's file below [`AGENT_DIR`].
pub const AGENT_FILE: &str = "chainpod-agent";
/// The pipe in the directory of [`AgentOption::Install`], which the agent holds open while it runs.
pub const STAY_FILE: &str = "running";

/// The environment variable with a CA's certificate, PEM. A server at a probed address must have a certificate
/// of that CA.
pub const PROBE_CA_VARIABLE: &str = "CHAINPOD_PROBE_CA";

/// The directory of the volumes while the agent copies the files that they will hide.
pub const KEPT_DIR: &str = "/.chainpod-kept";

/// The beginning of each line that the agent writes into its container's log.
pub const AGENT_SAYS: &str = "chainpod-agent: ";
/// Follows [`AGENT_SAYS`] while the agent repeats a call that fails, before the call and the error. chainpod
/// reads it when a start takes long: an agent that does not reach chainpod has no other way to report it.
pub const WAITS_FOR: &str = "waiting for chainpod: ";
/// Follows [`AGENT_SAYS`] once chainpod has answered such an agent.
pub const ANSWERS_AGAIN: &str = "chainpod answers again";
/// The file with a container's termination message, which the kubelet copies into the container's status.
pub const LAST_WORDS_FILE: &str = "/dev/termination-log";

/// The program's home if it cannot write to the home of its image: an empty directory of the Pod.
pub const HOME_DIR: &str = "/.chainpod-home";

/// The file with the certificates that the operator wants to be trusted, PEM.
pub const CA_BUNDLE_FILE: &str = "/.chainpod-ca/ca.crt";
/// The file in which the agent puts them for Java, which cannot read PEM.
pub const TRUSTSTORE_FILE: &str = "/.chainpod-home/.truststore.jks";

/// Seconds between two empty lines on an idle command stream. An agent that receives nothing for three times as
/// long reconnects.
pub const KEEPALIVE_SECS: u64 = 20;

/// The task of one agent. The program and its arguments are the agent's own arguments. The environment and the
/// working directory are inherited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// [`VERSION`].
    pub version: u32,
    /// `https://ADDRESS:PORT/agent/v1/RECORD/UID/START`, no slash at its end.
    pub url: String,
    /// The directories into which the inputs are unpacked, in order.
    pub inputs: Vec<String>,
    /// The directories that are sent back once the program has ended.
    pub outputs: Vec<String>,
    /// True if the agent has to make [`TRUSTSTORE_FILE`] from [`CA_BUNDLE_FILE`].
    #[serde(default)]
    pub truststore: bool,
}

/// A command to the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "command")]
pub enum Command {
    /// Send the program this signal.
    Signal {
        /// The signal's number.
        number: i32,
    },
}
