//! What chainpod and `chainpod-agent` say to each other: version 1.
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
//! An agent whose start is not its container's current one is answered 410 to the first, second and fourth call,
//! and does not ask again.
//!
//! The order of events is started, outputs, exited; or failed alone. A call
//! that meets no server is tried again until it does: chainpod may be restarted.

use serde::{Deserialize, Serialize};

/// The protocol's version, said in [`Task::version`].
pub const VERSION: u32 = 1;

/// Where the agent finds its task: a mounted Secret.
pub const TASK_DIR: &str = "/.chainpod-task";
/// The file with the [`Task`] as JSON.
pub const TASK_FILE: &str = "task.json";
/// The file with the token of this container alone.
pub const TOKEN_FILE: &str = "token";
/// The file with the certificate of chainpod's own CA, PEM.
pub const CA_FILE: &str = "ca.crt";

/// Where chainpod's image, and so the agent, is mounted.
pub const AGENT_DIR: &str = "/.chainpod";
/// The agent's file below [`AGENT_DIR`].
pub const AGENT_FILE: &str = "chainpod-agent";
/// The one option of the agent, before a directory: it copies itself there and does nothing else. No
/// program can have that name.
pub const INSTALL_OPTION: &str = "--install";

/// The agent's second option, before the same directory: it stays for as long as the agent runs that was
/// copied there. The Pod ends with its program then.
pub const STAY_OPTION: &str = "--stay";
/// The pipe in that directory which the agent holds open while it runs.
pub const STAY_FILE: &str = "running";

/// The agent's third option, before `IP:PORT`s and names: it tries to reach them, says what it cannot, and does
/// nothing else.
pub const PROBE_OPTION: &str = "--probe";

/// The variable with the certificate of a CA, PEM: who answers at the addresses that are probed must have one of that.
pub const PROBE_CA_VARIABLE: &str = "CHAINPOD_PROBE_CA";

/// The agent's fourth option, before pairs of directories: it copies what the image has in the first one
/// of each into the second one, where that will be hidden, and does nothing else.
pub const KEEP_OPTION: &str = "--keep";
/// Where the volumes are while the agent copies what they will hide.
pub const KEPT_DIR: &str = "/.chainpod-kept";

/// The beginning of each line that the agent writes into its container's log.
pub const AGENT_SAYS: &str = "chainpod-agent: ";
/// Follows [`AGENT_SAYS`] while the agent repeats a call that fails, before the call and the error. chainpod reads that where a start
/// takes long: an agent that does not reach it can tell nobody else.
pub const WAITS_FOR: &str = "waiting for chainpod: ";
/// Follows [`AGENT_SAYS`] once chainpod has answered such an agent.
pub const ANSWERS_AGAIN: &str = "chainpod answers again";
/// Where a container leaves its last words for the kubelet, which makes them its status.
pub const LAST_WORDS_FILE: &str = "/dev/termination-log";

/// Where the program is at home if it cannot write to the home that the image gives it: an empty
/// directory of the Pod.
pub const HOME_DIR: &str = "/.chainpod-home";

/// Where the certificates are mounted that the operator wants to be trusted, PEM.
pub const CA_BUNDLE_FILE: &str = "/.chainpod-ca/ca.crt";
/// Where the agent puts them for Java, which reads no PEM.
pub const TRUSTSTORE_FILE: &str = "/.chainpod-home/.truststore.jks";

/// Seconds between two empty lines on an idle command stream: an agent that
/// hears nothing for three times as long connects anew.
pub const KEEPALIVE_SECS: u64 = 20;

/// What one agent is to do. The program and its arguments are the agent's own
/// arguments; environment and working directory are inherited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// [`VERSION`].
    pub version: u32,
    /// `https://ADDRESS:PORT/agent/v1/RECORD/UID/START`, no slash at its end.
    pub url: String,
    /// The directories into which the inputs are unpacked, in order.
    pub inputs: Vec<String>,
    /// The directories handed back once the program has ended.
    pub outputs: Vec<String>,
    /// Whether [`TRUSTSTORE_FILE`] is to be made of [`CA_BUNDLE_FILE`].
    #[serde(default)]
    pub truststore: bool,
}

/// What the agent tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "event")]
pub enum Event {
    /// The program runs.
    Started,
    /// The program could not be started.
    #[serde(rename_all = "camelCase")]
    Failed {
        /// Why, in Docker's words where Docker has any.
        message: String,
        /// Docker's exit code for it: 127 not found, 126 not executable, 128 else.
        exit_code: i64,
    },
    /// The program ended and its outputs are handed over.
    #[serde(rename_all = "camelCase")]
    Exited {
        /// The exit code; 128 + N for signal N.
        exit_code: i64,
        /// Whether the kernel killed it for its memory.
        oom_killed: bool,
    },
}

/// What the agent is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "command")]
pub enum Command {
    /// Send the program this signal.
    Signal {
        /// The signal's number.
        number: i32,
    },
}
