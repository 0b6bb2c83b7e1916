//! Starts the program as Docker would: the same lookup in PATH, and the same error texts.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, ErrorKind, IsTerminal};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use agent_protocol::{FailureKind, HOME_DIR, StartFailure};
use rustix::fs::{Access, access};
use rustix::io::Errno;
use rustix::process::Pid;

use crate::TASK_DIR_VARIABLE;

/// Docker's PATH if neither the image nor the request sets one.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// The text that Docker's daemon puts before an exec error of runc.
const DOCKERS_WORDS: &str = "failed to create task for container: failed to create shim task: \
    OCI runtime create failed: runc create failed: unable to start container process";

/// Starts `argv` with the agent's environment, working directory, stdout and stderr. It has no input except a
/// terminal.
pub(crate) fn spawn(argv: &[OsString]) -> Result<Pid, StartFailure> {
    let (name, args) = argv
        .split_first()
        .ok_or_else(|| failure(OsStr::new(""), FailureKind::Other, "no command specified"))?;
    let path = env::var_os("PATH").unwrap_or_else(|| DEFAULT_PATH.into());
    let program = look_up(name, &path)?;
    let child = Command::new(program)
        .arg0(name)
        .args(args)
        .env("PATH", path)
        .env("HOME", home())
        .env_remove(TASK_DIR_VARIABLE)
        .stdin(input())
        .spawn()
        .map_err(|error| exec_failure(name, &error))?;
    // The handle is dropped: one place waits for all children.
    Ok(Pid::from_child(&child))
}

/// Returns the program's input. Nothing can be written to a Pod's program. If it has a terminal, that is its
/// input too, as in Docker.
fn input() -> Stdio {
    if io::stdin().is_terminal() {
        Stdio::inherit()
    } else {
        Stdio::null()
    }
}

/// Returns the image's home, or the Pod's own if that cannot be written to: images that expect root have none
/// for other users, and compilers keep their caches there.
fn home() -> OsString {
    let writable = Access::WRITE_OK | Access::EXEC_OK;
    env::var_os("HOME")
        .filter(|home| access(home, writable).is_ok())
        .unwrap_or_else(|| HOME_DIR.into())
}

/// Returns the path of `name`, found like Go's `exec.LookPath`, which runc uses.
fn look_up(name: &OsStr, path: &OsStr) -> Result<PathBuf, StartFailure> {
    if name.as_bytes().contains(&b'/') {
        let program = PathBuf::from(name);
        return executable(&program)
            .map(|()| program)
            .map_err(|(kind, reason)| failure(name, kind, &reason));
    }
    env::split_paths(path)
        .filter(|directory| directory.is_absolute())
        .map(|directory| directory.join(name))
        .find(|program| executable(program).is_ok())
        .ok_or_else(|| failure(name, FailureKind::NotFound, "executable file not found in $PATH"))
}

fn executable(program: &Path) -> Result<(), (FailureKind, String)> {
    let stat = |error: io::Error| {
        let (kind, reason) = reason(&error);
        (kind, format!("stat {}: {reason}", program.display()))
    };
    if fs::metadata(program).map_err(stat)?.is_dir() {
        return Err((FailureKind::NotExecutable, "is a directory".to_owned()));
    }
    access(program, Access::EXEC_OK).map_err(|errno| reason(&errno.into()))
}

/// Returns the kind of an error, and its text as Go writes it.
fn reason(error: &io::Error) -> (FailureKind, String) {
    match (error.kind(), Errno::from_io_error(error)) {
        (ErrorKind::NotFound, _) => (FailureKind::NotFound, "no such file or directory".to_owned()),
        (ErrorKind::PermissionDenied, _) => (FailureKind::NotExecutable, "permission denied".to_owned()),
        (ErrorKind::NotADirectory, _) => (FailureKind::NotExecutable, "not a directory".to_owned()),
        (_, Some(Errno::NOEXEC)) => (FailureKind::NotExecutable, "exec format error".to_owned()),
        _ => (FailureKind::Other, error.to_string().to_lowercase()),
    }
}

/// Returns the failure to start the program `name`, in the same text as Docker's.
fn failure(name: &OsStr, kind: FailureKind, reason: &str) -> StartFailure {
    let name = name.to_string_lossy();
    let message = format!("{DOCKERS_WORDS}: exec: {name:?}: {reason}: unknown");
    StartFailure::new(kind, message)
}

fn exec_failure(name: &OsStr, error: &io::Error) -> StartFailure {
    let (kind, reason) = reason(error);
    failure(name, kind, &reason)
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn refused(name: &str, path: &str) -> (i64, String) {
        let error = look_up(name.as_ref(), path.as_ref()).unwrap_err();
        let words = error.message.strip_prefix(DOCKERS_WORDS).unwrap();
        (error.exit_code, words.to_owned())
    }

    #[test]
    fn a_program_is_found_in_path_and_by_its_path() {
        assert_eq!(
            look_up("sh".as_ref(), "/nowhere::/bin".as_ref()),
            Ok("/bin/sh".into())
        );
        assert_eq!(look_up("/bin/sh".as_ref(), "".as_ref()), Ok("/bin/sh".into()));
    }

    #[test]
    fn what_cannot_be_found_or_executed_is_said_in_dockers_words() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("plain");
        fs::write(&file, "").unwrap();
        let (file, directory) = (file.display(), directory.path().display());
        assert_eq!(
            refused("chaincode", &directory.to_string()),
            (
                127,
                r#": exec: "chaincode": executable file not found in $PATH: unknown"#.to_owned()
            )
        );
        // In a search, a file that is not executable counts as not found.
        assert_eq!(refused("plain", &directory.to_string()).0, 127);
        assert_eq!(
            refused("/no/such", "/bin"),
            (
                127,
                r#": exec: "/no/such": stat /no/such: no such file or directory: unknown"#.to_owned()
            )
        );
        assert_eq!(
            refused(&file.to_string(), ""),
            (126, format!(": exec: \"{file}\": permission denied: unknown"))
        );
        assert_eq!(
            refused(&directory.to_string(), ""),
            (126, format!(": exec: \"{directory}\": is a directory: unknown"))
        );
    }

    #[test]
    fn a_file_that_is_no_program_is_not_executable() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("broken");
        fs::write(&file, "\u{7f}broken").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o755)).unwrap();
        let error = spawn(&[file.into_os_string()]).unwrap_err();
        assert!(
            error.message.ends_with(": exec format error: unknown"),
            "{}",
            error.message
        );
        assert_eq!(error.exit_code, 126);
    }
}
