//! Log lines about something that lasts: the first one at once, and then one a minute.

use std::time::Duration;

use tokio::time::Instant;

/// The shortest time between two lines.
const INTERVAL: Duration = Duration::from_mins(1);

/// The time of the last line.
#[derive(Debug, Default)]
pub struct Reminder(Option<Instant>);

impl Reminder {
    /// Returns true if a line is due, and counts it as written.
    pub fn is_due(&mut self) -> bool {
        let is_due = self.0.is_none_or(|last| last.elapsed() >= INTERVAL);
        if is_due {
            self.0 = Some(Instant::now());
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_first_line_is_due_at_once_and_the_next_after_a_minute() {
        let mut reminder = Reminder::default();
        assert!(reminder.is_due() && !reminder.is_due());
        tokio::time::advance(INTERVAL).await;
        assert!(reminder.is_due() && !reminder.is_due());
    }
}
