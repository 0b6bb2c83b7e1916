//! The state that a connection's stream shares with its calls.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use axum::extract::FromRequestParts;
use http::request::Parts;

/// The calls of a connection, one after the other. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Calls(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// The begins and ends, counted. The number is odd between a request's head and its answer's head: bytes
    /// that arrive then are a body.
    turns: AtomicUsize,
    ends_with_client: AtomicBool,
}

impl Calls {
    /// A call begins or ends.
    pub(crate) fn turn(&self) {
        self.0.turns.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn turns(&self) -> usize {
        self.0.turns.load(Ordering::Relaxed)
    }

    /// Ends the current call as soon as its client is gone, which means here that it has closed its side of the
    /// connection. Only for calls without a body whose clients never do that and still read: waits, followed
    /// logs and starts.
    pub(crate) fn end_when_gone(&self) {
        self.0.ends_with_client.store(true, Ordering::Relaxed);
    }

    pub(crate) fn end_with_client(&self) -> bool {
        self.0.ends_with_client.load(Ordering::Relaxed)
    }

    /// The connection is at the next call, which may outlive its client.
    pub(crate) fn outlive_client(&self) {
        self.0.ends_with_client.store(false, Ordering::Relaxed);
    }
}

impl<S: Sync> FromRequestParts<S> for Calls {
    type Rejection = Infallible;

    /// Returns the calls of the request's connection. A request in a test may have none.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().cloned().unwrap_or_default())
    }
}
