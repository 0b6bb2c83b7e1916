//! Requests to the API server: each is bounded in time, and tried again while the server cannot be reached,
//! so that a short outage does no harm.

use std::time::Duration;

use engine::ports::ClusterError;
use tokio::time::Instant;

use crate::error::mapped;

/// The time for which a request is tried again. An API server restarts in less, and a peer, which waits 300
/// s for an install or a start, still gets the reason for a failure.
const OUTAGE: Duration = Duration::from_secs(60);
/// The pause after the first try. It doubles after each.
const PAUSE: Duration = Duration::from_millis(200);
/// The longest pause. The end of an outage is noticed at most this much later.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// The time for one try: the API server's own limit for admission webhooks is 10 s.
const LIMIT: Duration = Duration::from_secs(12);

/// The result of a request.
pub(crate) struct Tried<T> {
    /// The last answer.
    pub(crate) result: Result<T, ClusterError>,
    /// True if an earlier try failed without an answer: the server may have done it nevertheless.
    pub(crate) again: bool,
}

/// Sends the request of `call` until the server answers, for [`OUTAGE`] at most.
pub(crate) async fn tried<T, F>(object: &str, call: impl Fn() -> F) -> Tried<T>
where
    F: Future<Output = Result<T, kube::Error>>,
{
    let (mut pause, mut again) = (PAUSE, false);
    let deadline = Instant::now() + OUTAGE;
    loop {
        match once(object, call()).await {
            Err(ClusterError::Unavailable(why)) if Instant::now() < deadline => {
                tracing::debug!(object, why, "the api server did not answer, trying again");
            }
            result => return Tried { result, again },
        }
        again = true;
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Sends a request once.
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
