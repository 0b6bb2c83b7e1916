//! A flag that allows one task of a kind at a time.

use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that allows one task of a kind at a time for a container.
#[derive(Default)]
pub(super) struct Once(AtomicBool);

impl Once {
    /// Returns true if no such task runs. The caller then runs it, until [`Once::end`].
    pub(super) fn begin(&self) -> bool {
        !self.0.swap(true, Ordering::Relaxed)
    }

    /// Marks the task as done.
    pub(super) fn end(&self) {
        self.0.store(false, Ordering::Relaxed);
    }
}
