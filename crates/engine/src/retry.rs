//! Calls that are repeated while they fail for a reason that may pass.

use std::iter;
use std::time::Duration;

use backon::{Backoff, Retryable};
use tokio::time::{Instant, sleep};

/// The times of a call that is repeated. Each use has its own.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    /// The pause after the first try. It doubles after each.
    pub first: Duration,
    /// The longest pause.
    pub longest: Duration,
    /// The time after which a failure is final, counted from the first try.
    pub limit: Duration,
}

impl Retry {
    /// The limit of calls that are repeated without end.
    pub const WITHOUT_END: Duration = Duration::MAX;

    /// Returns the times of a call that is repeated after the same pause each time.
    #[must_use]
    pub const fn every(pause: Duration, limit: Duration) -> Self {
        Self {
            first: pause,
            longest: pause,
            limit,
        }
    }

    /// Makes `call`, and repeats it while it fails with an error that `passes` returns true for, until the limit.
    /// `passes` is asked only if the call is then repeated, so it may log that.
    ///
    /// # Errors
    /// Returns the error of the last try.
    pub async fn run<T, E, F>(
        self,
        call: impl FnMut() -> F,
        mut passes: impl FnMut(&E) -> bool,
    ) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        let begun = Instant::now();
        call.retry(self.pauses())
            .sleep(sleep)
            .when(|error| begun.elapsed() < self.limit && passes(error))
            .await
    }

    /// Returns the pauses, which do not end. `backon`'s own double as `f32`, and are not exact.
    pub(crate) fn pauses(self) -> impl Backoff {
        iter::successors(Some(self.first), move |&pause| {
            Some((pause * 2).min(self.longest))
        })
    }
}

#[cfg(test)]
mod tests;
