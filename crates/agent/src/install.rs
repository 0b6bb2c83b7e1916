//! Copies the agent into a Pod whose node cannot mount its image.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use agent_protocol::AGENT_FILE;

use crate::sidecar;

/// This program.
const SELF: &str = "/proc/self/exe";
/// Everybody may run it: the Pod's other container may have another user.
const MODE: u32 = 0o755;

/// Copies the agent into `directory`. Returns the exit code.
///
/// # Errors
/// Returns a sentence that names the file.
pub(crate) fn to(directory: &Path) -> Result<i64, String> {
    let file = directory.join(AGENT_FILE);
    let failed = |error| format!("cannot install {}: {error}", file.display());
    sidecar::make_pipe(directory)?;
    // Nobody sees half of it: the other container starts after this one has ended.
    fs::copy(SELF, &file).map_err(failed)?;
    fs::set_permissions(&file, Permissions::from_mode(MODE)).map_err(failed)?;
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_copies_itself_for_all_to_run() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(to(directory.path()), Ok(0));
        let copy = directory.path().join(AGENT_FILE);
        assert_eq!(fs::read(&copy).unwrap(), fs::read(SELF).unwrap());
        assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, MODE);
        let error = to(Path::new("/no/such")).unwrap_err();
        assert!(error.starts_with("cannot make /no/such/running: "), "{error}");
    }
}
