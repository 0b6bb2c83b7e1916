//! The memory that the names of an archive may take.

use std::path::Path;

use engine::ports::StoreError;

use crate::limits::{NAMES, beyond};

/// The memory that a name takes in addition to its own bytes: an entry in a sorted map whose nodes are half
/// full, and two allocations.
const AROUND_BYTES: u64 = 144;

/// The rest of the budget.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    left_bytes: u64,
}

impl Names {
    pub(crate) fn new() -> Self {
        Self {
            left_bytes: NAMES.most,
        }
    }

    /// Takes the memory of a path, and of the target of a link there, from the budget.
    ///
    /// # Errors
    /// Returns `Invalid` if the rest of the budget is too small.
    pub(crate) fn keep(&mut self, path: &Path, link: Option<&Path>) -> Result<(), StoreError> {
        let bytes = |path: &Path| path.as_os_str().len() as u64;
        let needed = AROUND_BYTES + bytes(path) + link.map_or(0, bytes);
        self.left_bytes = self
            .left_bytes
            .checked_sub(needed)
            .ok_or_else(|| beyond(&format!("names and links of more than {NAMES}")))?;
        Ok(())
    }
}
