//! Named checks that show whether this process can work. They run for each request.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt, join_all};

/// The time limit of one check: the kubelet waits a second for a probe's answer.
const CHECK_LIMIT: Duration = Duration::from_millis(800);
/// The message for a check that does not answer.
const SILENT: &str = "no answer within 0.8 s";
/// The message for a part of chainpod that is not started yet.
const NOT_YET: &str = "not yet: chainpod is starting";

type Check = Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// A check with its name; `None` while that part of chainpod is not started.
type Named = (&'static str, Option<Check>);

/// The checks, in the order in which they are reported. Cheap to clone.
#[derive(Clone)]
pub struct Readiness(Arc<Mutex<Vec<Named>>>);

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The name of the check.
    pub name: &'static str,
    /// The reason why it is not ready, if it is not.
    pub result: Result<(), String>,
}

impl Readiness {
    /// Creates checks with these names. A check fails until it is [`Readiness::set`].
    #[must_use]
    pub fn of(names: &[&'static str]) -> Self {
        Self(Arc::new(Mutex::new(
            names.iter().map(|name| (*name, None)).collect(),
        )))
    }

    /// Sets the check of that name.
    pub fn set<F>(&self, name: &'static str, check: impl Fn() -> F + Send + Sync + 'static)
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        let check: Check = Arc::new(move || check().boxed());
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match all.iter_mut().find(|(known, _)| *known == name) {
            Some(known) => known.1 = Some(check),
            None => all.push((name, Some(check))),
        }
    }

    /// Runs all checks at once; answers within a second.
    pub async fn check(&self) -> Vec<Checked> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let asked = all.into_iter().map(async |(name, check)| {
            let result = match check {
                Some(check) => tokio::time::timeout(CHECK_LIMIT, check())
                    .await
                    .unwrap_or_else(|_| Err(SILENT.to_owned())),
                None => Err(NOT_YET.to_owned()),
            };
            Checked { name, result }
        });
        join_all(asked).await
    }
}
