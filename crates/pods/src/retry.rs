//! Requests to the API server: each is bounded in time, and tried again while the server cannot be reached,
//! so that a short outage does no harm.

use std::time::Duration;

use engine::Retry;
use engine::ports::ClusterError;

use crate::error::mapped;

/// The times of a request that is tried again. An API server restarts in less than the limit, and a peer, which
/// waits 300 s for an install or a start, still gets the reason for a failure. The end of an outage is noticed
/// at most the longest pause later.
const OUTAGE: Retry = Retry {
    first: Duration::from_millis(200),
    longest: Duration::from_secs(2),
    limit: Duration::from_secs(60),
};
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
    let mut again = false;
    let may_pass = |error: &ClusterError| {
        let ClusterError::Unavailable(why) = error else {
            return false;
        };
        tracing::debug!(object, why, "the api server did not answer, trying again");
        again = true;
        true
    };
    let result = OUTAGE.run(|| once(object, call()), may_pass).await;
    Tried { result, again }
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
