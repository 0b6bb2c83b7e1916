//! One request to the API server: bounded in time, tried again while the
//! server cannot be reached, through an outage that is short.

use std::time::Duration;

use engine::ports::ClusterError;
use tokio::time::Instant;

use crate::error::mapped;

/// How long a request is tried again: an API server starts anew in less, and a peer that gives an
/// install or a start 300 s can still be told why it failed.
const OUTAGE: Duration = Duration::from_secs(60);
/// The pause after the first try; doubled after each.
const PAUSE: Duration = Duration::from_millis(200);
/// The longest pause: so late the end of an outage may be noticed.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// The time for one try: the API server's own limit for admission webhooks is 10 s.
const LIMIT: Duration = Duration::from_secs(12);

/// What a request came to.
pub(crate) struct Tried<T> {
    /// The last answer.
    pub(crate) result: Result<T, ClusterError>,
    /// Whether a try before failed without an answer: the server may have done it nevertheless.
    pub(crate) again: bool,
}

/// Sends what `call` makes until the server answers, for [`OUTAGE`] at most.
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
