//! The labels of metrics. Values that a client chooses are cut to the length of a Kubernetes label; the
//! encoder escapes them.

use std::borrow::Cow;

use engine::container::Container;
use http::StatusCode;
use prometheus_client::encoding::EncodeLabelSet;

/// The limit of a label's value in Kubernetes.
const VALUE_CHARS: usize = 63;
/// The value for containers that have no series of their own.
const OTHER: &str = "(other)";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Operation {
    operation: &'static str,
    result: &'static str,
}

impl Operation {
    pub(super) fn of(operation: &'static str, status: StatusCode) -> Self {
        let result = match status.as_u16() {
            500.. => "failed",
            400.. => "refused",
            _ => "ok",
        };
        Self { operation, result }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfRole {
    pub(super) role: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Failure {
    pub(super) cause: Cow<'static, str>,
    pub(super) role: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Kind {
    pub(super) kind: &'static str,
}

/// The labels of a running container.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Running {
    chaincode: String,
    peer: String,
    msp: String,
    role: &'static str,
}

impl Running {
    pub(super) fn of(container: &Container) -> Self {
        let bounded = |text: Option<&str>| text.unwrap_or_default().chars().take(VALUE_CHARS).collect();
        Self {
            chaincode: bounded(container.chaincode()),
            peer: bounded(container.peer()),
            msp: bounded(container.msp()),
            role: container.role.name(),
        }
    }

    /// The labels for containers above the limit.
    pub(super) fn other(container: &Container) -> Self {
        Self {
            chaincode: OTHER.to_owned(),
            peer: OTHER.to_owned(),
            msp: OTHER.to_owned(),
            role: container.role.name(),
        }
    }
}
