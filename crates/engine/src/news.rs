//! The news of a container: the content of a log line, a metric and a Kubernetes Event.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A change in a container's life, for operators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct News {
    /// The time of the change. Two changes of one container never have the same time.
    pub at: Timestamp,
    /// The Event's reason: one word in camel case.
    pub reason: Cow<'static, str>,
    /// The Event's message: a sentence.
    pub message: String,
    /// True if an operator should look for the cause.
    pub is_warning: bool,
}
