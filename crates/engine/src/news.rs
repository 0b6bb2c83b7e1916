//! The news of a container: what is logged, counted and made a Kubernetes Event of.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What has become of a container, for those who look at it in Kubernetes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct News {
    /// When it became so. No two news of a container have the same time.
    pub at: Timestamp,
    /// One word in camel case.
    pub reason: Cow<'static, str>,
    /// A sentence.
    pub message: String,
    /// Whether somebody should look after it.
    pub is_warning: bool,
}
