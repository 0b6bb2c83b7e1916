//! The agent's orders: the mounted files with its task, its token and the CA.

use std::fs;
use std::path::Path;

use agent_protocol::{CA_FILE, TASK_FILE, TOKEN_FILE, Task, VERSION};
use serde::Deserialize;

/// The files that chainpod mounted for this one container.
#[derive(Debug)]
pub(crate) struct Orders {
    pub(crate) task: Task,
    pub(crate) token: String,
    pub(crate) ca_pem: Vec<u8>,
}

/// The only field that all versions have.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

/// Reads the orders from the files in `directory`.
///
/// # Errors
/// Returns a sentence that names the file, or the version that this agent does not speak.
pub(crate) fn read(directory: &Path) -> Result<Orders, String> {
    let file = |name: &str| {
        let path = directory.join(name);
        fs::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))
    };
    let json = file(TASK_FILE)?;
    let malformed = |error: serde_json::Error| format!("{TASK_FILE} is not a task: {error}");
    let Versioned { version } = serde_json::from_slice(&json).map_err(malformed)?;
    if version != VERSION {
        return Err(format!(
            "this agent uses protocol version {VERSION}, but chainpod uses version {version}; set agent-image to the version of chainpod"
        ));
    }
    let token = String::from_utf8(file(TOKEN_FILE)?).map_err(|_| format!("{TOKEN_FILE} is not text"))?;
    Ok(Orders {
        task: serde_json::from_slice(&json).map_err(malformed)?,
        token: token.trim().to_owned(),
        ca_pem: file(CA_FILE)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_version_and_a_missing_file_are_sentences() {
        let directory = tempfile::tempdir().unwrap();
        assert!(read(directory.path()).unwrap_err().starts_with("cannot read /"));
        fs::write(directory.path().join(TASK_FILE), r#"{"version":7,"new":true}"#).unwrap();
        assert_eq!(
            read(directory.path()).unwrap_err(),
            "this agent uses protocol version 1, but chainpod uses version 7; set agent-image to the version of chainpod"
        );
    }

    #[test]
    fn all_three_files_are_read() {
        let directory = tempfile::tempdir().unwrap();
        let task = r#"{"version":1,"url":"https://c:1/agent","inputs":["/"],"outputs":[]}"#;
        for (name, content) in [(TASK_FILE, task), (TOKEN_FILE, "abc\n"), (CA_FILE, "PEM")] {
            fs::write(directory.path().join(name), content).unwrap();
        }
        let orders = read(directory.path()).unwrap();
        assert_eq!(orders.task.inputs, ["/"]);
        assert_eq!(
            (orders.token.as_str(), orders.ca_pem.as_slice()),
            ("abc", b"PEM".as_slice())
        );
    }
}
