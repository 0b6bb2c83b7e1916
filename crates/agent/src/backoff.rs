//! The wait before the next try.

use std::thread;
use std::time::Duration;

/// Short, so that a restarted chainpod is reached at once.
const FIRST: Duration = Duration::from_millis(100);
/// Long, as thousands of agents may wait for one chainpod.
const LONGEST: Duration = Duration::from_secs(5);

/// Doubling waits, from 100 ms to 5 s.
pub(crate) struct Backoff(Duration);

impl Backoff {
    pub(crate) const fn new() -> Self {
        Self(FIRST)
    }

    /// Waits. The next wait is twice as long, up to the limit.
    pub(crate) fn wait(&mut self) {
        thread::sleep(self.next());
    }

    fn next(&mut self) -> Duration {
        let wait = self.0;
        self.0 = (wait * 2).min(LONGEST);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let mut backoff = Backoff::new();
        let waits: Vec<_> = (0..8).map(|_| backoff.next().as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
    }
}
