use super::*;

const MILLISECOND: Duration = Duration::from_millis(1);

/// Runs a call that takes 50 ms and never succeeds. Returns the times at which it began, in milliseconds.
async fn tries(retry: Retry, passing: usize) -> Vec<u128> {
    let begun = Instant::now();
    let mut tries = Vec::new();
    let mut left = passing;
    let failed: Result<(), &str> = retry
        .run(
            || {
                tries.push(begun.elapsed().as_millis());
                async {
                    sleep(50 * MILLISECOND).await;
                    Err("away")
                }
            },
            |_| {
                let passes = left > 0;
                left = left.saturating_sub(1);
                passes
            },
        )
        .await;
    assert_eq!(failed, Err("away"));
    tries
}

#[tokio::test(start_paused = true)]
async fn pauses_double_up_to_the_longest_until_an_error_does_not_pass() {
    let retry = Retry {
        first: 100 * MILLISECOND,
        longest: 350 * MILLISECOND,
        limit: Retry::WITHOUT_END,
    };
    assert_eq!(tries(retry, 4).await, [0, 150, 400, 800, 1200]);
    assert_eq!(tries(retry, 0).await, [0]);
}

#[tokio::test(start_paused = true)]
async fn the_limit_counts_tries_and_pauses_and_the_last_try_may_begin_after_it() {
    let every = |limit| Retry::every(100 * MILLISECOND, limit);
    assert_eq!(tries(every(Duration::ZERO), 9).await, [0]);
    assert_eq!(tries(every(200 * MILLISECOND), 9).await, [0, 150]);
    assert_eq!(tries(every(201 * MILLISECOND), 9).await, [0, 150, 300]);
}

#[tokio::test]
async fn the_first_success_ends_it() {
    let mut tries = 0;
    let done: Result<u32, ()> = Retry::every(MILLISECOND, Retry::WITHOUT_END)
        .run(
            || {
                tries += 1;
                std::future::ready(if tries < 3 { Err(()) } else { Ok(tries) })
            },
            |()| true,
        )
        .await;
    assert_eq!(done, Ok(3));
}
