//! The only table from the client's errors to the port's errors.

use std::error::Error as _;
use std::time::Duration;

use engine::ports::ClusterError;
use kube::core::Status;

/// The part of the API server's message that distinguishes a full quota from other causes of a 403.
const QUOTA: &str = "exceeded quota:";
/// The beginning of the authorizer's reason for a 403, and a later part of it. Admission writes other reasons.
const AUTHORIZER: [&str; 2] = ["User \"", "\" cannot "];
/// The text between an object and the reason for a 403.
const FORBIDDEN: &str = " is forbidden: ";
/// The time for which chainpod waits for an API server that does not answer, or answers 429 or 5xx. An API
/// server restarts in less time. A peer waits 300 s for an install or a start, so it still gets the reason for
/// a failure.
pub(crate) const OUTAGE: Duration = Duration::from_secs(60);
/// The time for which an API server may refuse this account. One that has just started does not know all
/// accounts and roles yet, and a token that has just expired is read again within it.
const NOT_READY: Duration = Duration::from_secs(20);

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

/// Returns the time for which a call that failed with this error is repeated.
pub(crate) fn patience(error: &kube::Error) -> Duration {
    match error {
        kube::Error::Api(status) => match status.code {
            401 | 408 | 410 => NOT_READY,
            403 if is_authorizers(&status.message) => NOT_READY,
            429 | 500.. => OUTAGE,
            _ => Duration::ZERO,
        },
        _ => OUTAGE,
    }
}

/// Returns true if the authorizer wrote the message of a 403.
fn is_authorizers(message: &str) -> bool {
    let reason = message
        .split_once(FORBIDDEN)
        .map_or(message, |(_, reason)| reason);
    let [user, cannot] = AUTHORIZER;
    reason.starts_with(user) && reason.contains(cannot)
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

    fn failed(code: u16, message: &str) -> kube::Error {
        let status = Status {
            code,
            ..Status::failure(message, "")
        };
        kube::Error::Api(status.boxed())
    }

    #[test]
    fn an_api_server_that_is_not_ready_is_waited_for_and_every_other_refusal_is_final() {
        let user = "User \"system:serviceaccount:ns:chainpod\" cannot create resource \"pods\"";
        let of_object = format!("pods \"kv\" is forbidden: {user}");
        for (code, message, expected) in [
            (401, "Unauthorized", NOT_READY),
            (408, "", NOT_READY),
            (410, "", NOT_READY),
            (403, user, NOT_READY),
            (403, &of_object, NOT_READY),
            (
                403,
                "pods \"kv\" is forbidden: exceeded quota: pods",
                Duration::ZERO,
            ),
            (
                403,
                "pods \"kv\" is forbidden: violates PodSecurity",
                Duration::ZERO,
            ),
            (
                403,
                "admission webhook \"w\" denied: User \"u\" cannot run",
                Duration::ZERO,
            ),
            (404, "", Duration::ZERO),
            (409, "", Duration::ZERO),
            (422, "", Duration::ZERO),
            (429, "", OUTAGE),
            (503, "", OUTAGE),
        ] {
            assert_eq!(patience(&failed(code, message)), expected, "{code} {message}");
        }
    }

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
