//! The process that brought the agent into a Pod, in a container next to the program's. It stays while the
//! program's container runs: a Pod with a container that has ended counts as not ready, and a Pod with a
//! container that goes on does not end.
//!
//! The agent holds a named pipe open, and the kernel closes it when the agent ends for any reason.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use agent_protocol::STAY_FILE;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::io::Errno;

/// Everybody may open it: the program's container may have another user.
const MODE: u32 = 0o666;

/// Waits until the agent that was copied into `directory` has started and has ended. Returns the exit code.
///
/// # Errors
/// Returns a sentence that names the pipe.
pub(crate) fn beside(directory: &Path) -> Result<i64, String> {
    make_pipe(directory)?;
    let pipe = directory.join(STAY_FILE);
    let failed = |error| format!("cannot read {}: {error}", pipe.display());
    // `open` blocks until the agent opens the pipe, and reading until it exits. No data is sent.
    let mut reader = File::open(&pipe).map_err(failed)?;
    io::copy(&mut reader, &mut io::sink()).map_err(failed)?;
    Ok(0)
}

/// Makes the pipe if it is missing.
///
/// # Errors
/// Returns a sentence that names the pipe.
pub(crate) fn make_pipe(directory: &Path) -> Result<(), String> {
    let pipe = directory.join(STAY_FILE);
    let failed = |error: io::Error| format!("cannot make {}: {error}", pipe.display());
    match mknodat(CWD, &pipe, FileType::Fifo, Mode::from_raw_mode(MODE), 0) {
        Err(Errno::EXIST) => Ok(()),
        made => made
            .map_err(io::Error::from)
            .and_then(|()| fs::set_permissions(&pipe, Permissions::from_mode(MODE)))
            .map_err(failed),
    }
}

/// Keeps the process in the other container running until the result is dropped. Returns none if the agent was
/// not copied.
pub(crate) fn hold(directory: &Path) -> Option<File> {
    // Opened for reading too, so that opening does not block.
    let mut options = File::options();
    options
        .read(true)
        .write(true)
        .open(directory.join(STAY_FILE))
        .ok()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{RecvTimeoutError, channel};
    use std::thread;
    use std::time::Duration;

    use super::*;

    /// A time in which nothing is expected to happen.
    const A_WHILE: Duration = Duration::from_millis(50);
    const LIMIT: Duration = Duration::from_secs(10);

    #[test]
    fn it_stays_as_long_as_the_agent_runs() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().to_owned();
        assert!(hold(&path).is_none());
        let (ended, end) = channel();
        make_pipe(&path).unwrap();
        thread::spawn({
            let path = path.clone();
            move || ended.send(beside(&path)).unwrap()
        });
        assert_eq!(end.recv_timeout(A_WHILE), Err(RecvTimeoutError::Timeout));
        let agent = hold(&path).unwrap();
        assert_eq!(end.recv_timeout(A_WHILE), Err(RecvTimeoutError::Timeout));
        drop(agent);
        assert_eq!(end.recv_timeout(LIMIT), Ok(Ok(0)));
    }
}
