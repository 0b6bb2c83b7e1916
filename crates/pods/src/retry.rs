//! Requests to the API server: each is bounded in time, and repeated while the server cannot be reached, so
//! that a short outage fails no call.

use std::time::Duration;

use engine::Retry;
use engine::ports::ClusterError;
use tokio::time::Instant;

use crate::error::{OUTAGE, mapped, patience};

/// The times of a request that is tried again. The end of an outage is noticed after one pause at most.
const TIMES: Retry = Retry {
    first: Duration::from_millis(200),
    longest: Duration::from_secs(2),
    limit: OUTAGE,
};
/// The time for one try: the API server's own limit for admission webhooks is 10 s.
const LIMIT: Duration = Duration::from_secs(12);

/// The result of a request.
pub(crate) struct Tried<T> {
    /// The last answer.
    pub(crate) result: Result<T, ClusterError>,
    /// True if an earlier try failed without an answer: the server may have carried it out.
    pub(crate) again: bool,
}

/// Sends the request of `call` until the server answers, for [`OUTAGE`] at most. An answer of a server that is not
/// ready does not count for as long as its [`patience`].
pub(crate) async fn tried<T, F>(object: &str, call: impl Fn() -> F) -> Tried<T>
where
    F: Future<Output = Result<T, kube::Error>>,
{
    let mut again = false;
    // A server that answers again is not ready from then on, not from the beginning of its outage.
    let mut refused = None;
    let may_pass = |failed: &Failed| {
        if failed.patience == OUTAGE {
            refused = None;
        } else if refused.get_or_insert_with(Instant::now).elapsed() >= failed.patience {
            return false;
        }
        tracing::debug!(object, error = %failed.error, "the api server is not ready; trying again");
        again = true;
        true
    };
    let result = TIMES.run(|| limited(object, call()), may_pass).await;
    Tried {
        result: result.map_err(|failed| failed.error),
        again,
    }
}

/// Sends a request once.
pub(crate) async fn once<T>(
    object: &str,
    call: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, ClusterError> {
    limited(object, call).await.map_err(|failed| failed.error)
}

/// The error of one try, and the time for which it may pass.
struct Failed {
    error: ClusterError,
    patience: Duration,
}

async fn limited<T>(object: &str, call: impl Future<Output = Result<T, kube::Error>>) -> Result<T, Failed> {
    match tokio::time::timeout(LIMIT, call).await {
        Ok(result) => result.map_err(|error| Failed {
            patience: patience(&error),
            error: mapped(object, error),
        }),
        Err(_) => Err(Failed {
            error: ClusterError::Unavailable(format!("{object}: no answer within {} s", LIMIT.as_secs())),
            patience: OUTAGE,
        }),
    }
}
