//! The news of a container's life.

use jiff::Timestamp;

use crate::container::Exit;
use crate::failure::{Cause, End};
use crate::name::PodName;
use crate::news::News;

/// Returns the news that the program runs.
pub(super) fn began(pod: &PodName, at: Timestamp) -> News {
    News {
        at,
        reason: "Started".into(),
        message: format!("pod {pod} started"),
        is_warning: false,
    }
}

/// Returns the news that a start failed, or that its chaincode died at once.
pub(super) fn failed(cause: &Cause, sentence: String, at: Timestamp) -> News {
    News {
        at,
        reason: cause.name().into(),
        message: sentence,
        is_warning: true,
    }
}

/// Returns the news that the program has ended. `asked` is true if a client asked for that.
pub(super) fn ended(pod: &PodName, exit: &Exit, end: &End, asked: bool, at: Timestamp) -> News {
    let Exit { code, error, .. } = exit;
    News {
        at,
        reason: end.name().into(),
        message: if error.is_empty() {
            format!("pod {pod} exited with code {code}")
        } else {
            error.clone()
        },
        // Whoever asks for an end expects to see it.
        is_warning: *end == End::Unseen || (!asked && (*code != 0 || *end != End::Itself)),
    }
}
