//! A budget of memory for bodies that are held as a whole, shared by all calls.

use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::error::{Error, Result};
use crate::limit::Limit;

/// The unit in which memory is given out.
const KIB: usize = 1024;

/// Memory that calls take and give back.
pub struct Budget {
    limit: &'static Limit,
    free: Semaphore,
}

impl Budget {
    /// The longest time that a call waits for memory.
    pub const WAIT: Duration = Duration::from_secs(60);

    /// Returns the whole of `limit`, in bytes.
    #[must_use]
    pub const fn new(limit: &'static Limit) -> Self {
        Self {
            limit,
            free: Semaphore::const_new(limit.amount() / KIB),
        }
    }

    /// Takes that many bytes, or all that there are, until the result is dropped. Waits for calls that hold
    /// them.
    ///
    /// # Errors
    /// Returns `Busy` if they are not free after [`Budget::WAIT`].
    pub async fn take(&self, bytes: usize) -> Result<SemaphorePermit<'_>> {
        let wanted = bytes.min(self.limit.amount()).div_ceil(KIB);
        let taken = self.free.acquire_many(u32::try_from(wanted).unwrap_or(u32::MAX));
        match tokio::time::timeout(Self::WAIT, taken).await {
            Ok(Ok(taken)) => Ok(taken),
            // The semaphore is never closed.
            Ok(Err(_)) | Err(_) => Err(Error::Busy(format!(
                "no memory was free for {} s: {} is limited to {}; try again",
                Self::WAIT.as_secs(),
                self.limit.what,
                self.limit
            ))),
        }
    }
}
