//! A panic is a bug. It ends the call in which it happens, is logged with its place, and is counted.

use std::panic::{AssertUnwindSafe, PanicHookInfo};

use axum::response::{IntoResponse, Response};
use futures::FutureExt;

use crate::error::ApiError;
use crate::metrics::Metrics;

/// Logs and counts all panics of the process, from now on.
pub fn note_panics(metrics: Metrics) {
    std::panic::set_hook(Box::new(move |panic: &PanicHookInfo<'_>| {
        metrics.count_panic();
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let message = panic.payload_as_str().unwrap_or("a panic without a message");
        tracing::error!(place, message, "a panic: this is a bug, please report it");
    }));
}

/// Returns a call's answer, which is 500 if it panics before that.
pub(crate) async fn answered(call: impl Future<Output = Response>) -> Response {
    let answer = AssertUnwindSafe(call).catch_unwind().await;
    answer.unwrap_or_else(|_| ApiError::panicked().into_response())
}
