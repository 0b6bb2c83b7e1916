//! The span of a call or event. Its log lines name the container of the call, as soon as it is known.

use tracing::field::Empty;
use tracing::{Span, error_span};

use crate::container::Container;

/// Returns a span that gets its container later. Its level ensures that each logged line has the span.
#[must_use]
pub fn span() -> Span {
    error_span!("about", container = Empty, chaincode = Empty, peer = Empty)
}

/// Names this container in the current span.
pub(super) fn is_about(container: &Container) {
    let span = Span::current();
    span.record("container", &container.name);
    if let Some(chaincode) = container.chaincode() {
        span.record("chaincode", chaincode);
    }
    if let Some(peer) = container.peer() {
        span.record("peer", peer);
    }
}
