//! Repeats calls while they fail for a temporary reason.

use std::iter;
use std::time::Duration;

use backon::{Backoff, Retryable};
use tokio::time::{Instant, sleep};

/// The times of a call that is repeated. Each use has its own values.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    /// The pause after the first try. It doubles after each try.
    pub first: Duration,
    /// The longest pause.
    pub longest: Duration,
    /// The time after which a failure is final, counted from the first try.
    pub limit: Duration,
}

impl Retry {
    /// The limit for calls that are repeated without end.
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

    /// Makes `call`, and repeats it while it fails with an error that `passes` returns true for, until the
    /// limit. `passes` is called only if another try follows, so it may log this.
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

    /// Returns the pauses, which do not end. The pauses of `backon` double as `f32`, and are not exact.
    pub(crate) fn pauses(self) -> impl Backoff {
        iter::successors(Some(self.first), move |&pause| {
            Some((pause * 2).min(self.longest))
        })
    }
}

#[cfg(test)]
mod tests;
