//! The only table from the client's errors to the port's errors.

use std::error::Error as _;

use engine::ports::ClusterError;
use kube::core::Status;

/// The part of the API server's message that distinguishes a full quota from other causes of a 403.
const QUOTA: &str = "exceeded quota:";

/// Returns the port's error for `error` on `object`, a kind and a name.
pub(crate) fn mapped(object: &str, error: kube::Error) -> ClusterError {
    match error {
        kube::Error::Api(status) => answered(object, &status),
        other => ClusterError::Unavailable(with_causes(&other)),
    }
}

fn answered(object: &str, status: &Status) -> ClusterError {
    match (status.code, status.reason.as_str()) {
        (404, _) => ClusterError::NotFound(object.to_owned()),
        (409, "AlreadyExists") => ClusterError::AlreadyExists(object.to_owned()),
        (409, _) => ClusterError::Conflict(object.to_owned()),
        (429 | 500.., _) => ClusterError::Unavailable(format!("{object}: {}", status.message)),
        (403, _) if status.message.contains(QUOTA) => ClusterError::QuotaFull(status.message.clone()),
        _ => ClusterError::Refused(status.message.clone()),
    }
}

/// Turns a 409 `Conflict` on a create into a 429, which is tried again: another client was updating the
/// namespace's quota at the same time.
pub(crate) fn busy_quota(error: kube::Error) -> kube::Error {
    match error {
        kube::Error::Api(mut status) if status.code == 409 && status.reason == "Conflict" => {
            status.code = 429;
            kube::Error::Api(status)
        }
        other => other,
    }
}

/// Returns the text of an error and of all its causes: the client's own text ends before the cause.
fn with_causes(error: &kube::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let part = cause.to_string();
        if !text.ends_with(&part) {
            text = format!("{text}: {part}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_has_its_meaning() {
        for (code, reason, expected) in [
            (404, "NotFound", "pod p does not exist"),
            (409, "AlreadyExists", "pod p already exists"),
            (409, "Conflict", "pod p was changed by another client"),
            (403, "Forbidden", "why"),
            (422, "Invalid", "why"),
            (400, "BadRequest", "why"),
            (
                429,
                "TooManyRequests",
                "the kubernetes api server cannot be reached: pod p: why",
            ),
            (503, "", "the kubernetes api server cannot be reached: pod p: why"),
        ] {
            let status = Status {
                code,
                ..Status::failure("why", reason)
            };
            assert_eq!(
                mapped("pod p", kube::Error::Api(status.boxed())).to_string(),
                expected,
                "{code} {reason}"
            );
        }
    }
}
