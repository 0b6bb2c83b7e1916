//! Bodies as streams of bytes, in both directions.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use engine::Budget;
use engine::ports::Reader;
use futures::TryStreamExt;
use serde::de::DeserializeOwned;
use tokio::time::timeout;
use tokio_util::io::{ReaderStream, StreamReader};

use crate::error::{ApiError, Result};
use crate::json_values;
use crate::limits::{BODIES_BYTES, BODY_SECS, FREE_BODY_BYTES, JSON_BYTES};

/// Bytes of a blob that are read and sent at a time.
const CHUNK_BYTES: usize = 64 * 1024;
/// The memory of a body for each of its bytes: the body, and its values.
const MEMORY_FACTOR: usize = 2;

/// The memory for bodies of all calls.
static MEMORY: Budget = Budget::new(&BODIES_BYTES);

/// Returns a request's body as a reader. A body that ends before its final chunk fails.
pub(crate) fn reader(body: Body) -> Reader {
    let stream = body
        .into_data_stream()
        .map_err(|error| std::io::Error::new(std::io::ErrorKind::UnexpectedEof, error));
    Box::new(StreamReader::new(stream))
}

/// Reads a JSON body. The messages of errors are Docker's.
///
/// # Errors
/// Returns 400 for a body that is not valid JSON, too long, or has too many values, 408 for one that does not
/// arrive in time, and 503 if there is no memory for it.
pub(crate) async fn json<T: DeserializeOwned>(body: Body) -> Result<T> {
    let length = body.size_hint().upper();
    let length = length.map_or(JSON_BYTES.most, |length| length.min(JSON_BYTES.most)) as usize;
    let _held = match length > FREE_BODY_BYTES.amount() {
        true => Some(MEMORY.take(length * MEMORY_FACTOR).await?),
        false => None,
    };
    let read = axum::body::to_bytes(body, JSON_BYTES.amount());
    let read = timeout(Duration::from_secs(BODY_SECS.most), read).await;
    let read = read
        .map_err(|_| ApiError::too_slow(format!("the request's body did not arrive within {BODY_SECS}")))?;
    let invalid = |error: &dyn std::fmt::Display| ApiError::bad_request(error).context("invalid JSON");
    let bytes = read.map_err(|error| invalid(&error))?;
    if bytes.is_empty() {
        return Err(ApiError::bad_request(
            "invalid JSON: got EOF while reading request body",
        ));
    }
    json_values::check(&bytes).map_err(|error| invalid(&error))?;
    serde_json::from_slice(&bytes).map_err(|error| invalid(&error))
}

/// Returns the body of an answer.
pub(crate) fn body(reader: Reader) -> Body {
    Body::from_stream(ReaderStream::with_capacity(reader, CHUNK_BYTES))
}

#[cfg(test)]
mod tests;
