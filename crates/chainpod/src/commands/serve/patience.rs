//! The things that chainpod waits for before it serves. It never gives up: its log and `/readyz` name them.

use std::fmt::Display;
use std::time::Duration;

use engine::Reminder;
use server::Readiness;

/// The pause between two tries.
const PAUSE: Duration = Duration::from_secs(1);

/// Repeats `attempt` until it succeeds. Until then the check `name` of `/readyz` fails with its last error, and
/// after that it passes.
pub(super) async fn until<T, E: Display>(
    readiness: &Readiness,
    name: &'static str,
    mut attempt: impl AsyncFnMut() -> Result<T, E>,
) -> T {
    let mut reminder = Reminder::default();
    loop {
        let why = match attempt().await {
            Ok(done) => {
                readiness.set(name, async || Ok(()));
                return done;
            }
            Err(error) => error.to_string(),
        };
        if reminder.is_due() {
            tracing::warn!(why, "waiting for {name}; trying again each second");
        }
        readiness.set(name, move || std::future::ready(Err(why.clone())));
        tokio::time::sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_is_tried_until_it_succeeds_and_readiness_says_why_not() {
        let readiness = Readiness::of(&["lease"]);
        let mut tries = 0;
        let attempt = async || {
            tries += 1;
            match tries {
                1000 => Ok(tries),
                _ => Err("held"),
            }
        };
        let begin = Instant::now();
        let told = readiness.clone();
        tokio::select! {
            biased;
            done = until(&readiness, "lease", attempt) => assert_eq!(done, 1000),
            () = async {
                tokio::time::sleep(Duration::from_secs(500)).await;
                assert_eq!(told.check().await[0].result, Err("held".to_owned()));
                std::future::pending::<()>().await;
            } => {}
        }
        assert_eq!(begin.elapsed().as_secs(), 999);
        assert_eq!(readiness.check().await[0].result, Ok(()));
    }
}
