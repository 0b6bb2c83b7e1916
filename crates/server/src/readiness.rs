//! What must be so that this process can do its work: named checks, each asked
//! anew whenever somebody asks.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt, join_all};

/// How long one check may take: the kubelet waits a second for a probe's answer.
const CHECK_LIMIT: Duration = Duration::from_millis(800);
/// What is said of a check that does not answer.
const SILENT: &str = "no answer in 0.8 s";
/// What is said of what chainpod has not come to yet.
const NOT_YET: &str = "not yet: chainpod is starting";

type Check = Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// A check; none where chainpod has not come to it.
type Named = (&'static str, Option<Check>);

/// What must be ready, in the order in which it is told. Cheap to clone.
#[derive(Clone)]
pub struct Readiness(Arc<Mutex<Vec<Named>>>);

/// What became of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// What was looked at.
    pub name: &'static str,
    /// Why it is not ready, if it is not.
    pub result: Result<(), String>,
}

impl Readiness {
    /// Nothing of these is ready, until it is [`Readiness::set`].
    #[must_use]
    pub fn of(names: &[&'static str]) -> Self {
        Self(Arc::new(Mutex::new(
            names.iter().map(|name| (*name, None)).collect(),
        )))
    }

    /// From now on `check` says whether that is ready.
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

    /// Asks all at once; answers within a second.
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
