//! The news of a container's life.

use jiff::Timestamp;

use crate::container::Exit;
use crate::failure::{Cause, End};
use crate::name::PodName;
use crate::news::News;

/// The program runs.
pub(super) fn began(pod: &PodName, at: Timestamp) -> News {
    News {
        at,
        reason: "Started".into(),
        message: format!("pod {pod} runs"),
        is_warning: false,
    }
}

/// A start came to nothing, or to chaincode that died at once.
pub(super) fn failed(cause: &Cause, sentence: String, at: Timestamp) -> News {
    News {
        at,
        reason: cause.name().into(),
        message: sentence,
        is_warning: true,
    }
}

/// The program has ended so; a client may have `asked` for that.
pub(super) fn ended(pod: &PodName, exit: &Exit, end: &End, asked: bool, at: Timestamp) -> News {
    let Exit { code, error, .. } = exit;
    News {
        at,
        reason: end.name().into(),
        message: if error.is_empty() {
            format!("pod {pod} exited with {code}")
        } else {
            error.clone()
        },
        // Whoever asks for an end expects to see it.
        is_warning: *end == End::Unseen || (!asked && (*code != 0 || *end != End::Itself)),
    }
}
