//! The news of a container: the content of a log line, a metric and a Kubernetes Event.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A change in a container's life, for operators who look at it in Kubernetes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct News {
    /// The time of the change. No two news of a container have the same time.
    pub at: Timestamp,
    /// One word in camel case.
    pub reason: Cow<'static, str>,
    /// A sentence.
    pub message: String,
    /// True if an operator should look into it.
    pub is_warning: bool,
}
