//! The span of a call or event: its log lines name the container that it is
//! about, as soon as that is known.

use tracing::field::Empty;
use tracing::{Span, error_span};

use crate::container::Container;

/// A span that names its container later. Its level lets no filter leave it out of a line that is logged.
#[must_use]
pub fn span() -> Span {
    error_span!("about", container = Empty, chaincode = Empty, peer = Empty)
}

/// The call under way is about this container.
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
