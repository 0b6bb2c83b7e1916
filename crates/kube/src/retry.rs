//! One request to the API server: bounded in time, tried again where the
//! server cannot be reached.

use std::time::Duration;

use engine::ports::ClusterError;

use crate::error::mapped;

/// Tries of one request: a short outage is bridged here, a longer one is the caller's to tell.
const TRIES: u32 = 3;
/// The pause after the first try; doubled after each.
const PAUSE: Duration = Duration::from_millis(200);
/// The time for one try: the API server's own limit for admission webhooks is 10 s.
const LIMIT: Duration = Duration::from_secs(12);

/// What a request came to.
pub(crate) struct Tried<T> {
    /// The last answer.
    pub(crate) result: Result<T, ClusterError>,
    /// Whether a try before failed without an answer: the server may have done it nevertheless.
    pub(crate) again: bool,
}

/// Sends what `call` makes until the server answers, a few times at most.
pub(crate) async fn tried<T, F>(object: &str, call: impl Fn() -> F) -> Tried<T>
where
    F: Future<Output = Result<T, kube::Error>>,
{
    let mut pause = PAUSE;
    for attempt in 1.. {
        let result = once(object, call()).await;
        match result {
            Err(ClusterError::Unavailable(why)) if attempt < TRIES => {
                tracing::debug!(
                    object,
                    attempt,
                    why,
                    "the api server did not answer, trying again"
                );
            }
            result => {
                return Tried {
                    result,
                    again: attempt > 1,
                };
            }
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
    unreachable!("the last try returns")
}

/// One try.
pub(crate) async fn once<T>(
    object: &str,
    call: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, ClusterError> {
    match tokio::time::timeout(LIMIT, call).await {
        Ok(result) => result.map_err(|error| mapped(object, error)),
        Err(_) => Err(ClusterError::Unavailable(format!(
            "{object}: no answer in {} s",
            LIMIT.as_secs()
        ))),
    }
}
