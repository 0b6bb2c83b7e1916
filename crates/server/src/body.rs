//! Bodies as streams of bytes, in both directions.

use axum::body::Body;
use engine::ports::Reader;
use futures::TryStreamExt;
use serde::de::DeserializeOwned;
use tokio_util::io::{ReaderStream, StreamReader};

use crate::error::{ApiError, Result};

/// Bytes of a blob that are read and sent at a time.
const CHUNK_BYTES: usize = 64 * 1024;
/// The limit of a body that is read into memory. A peer's create request has 3 KiB. Most of a request is the
/// command and the environment. Linux starts programs with at most 2 MiB of both.
const JSON_BYTES: usize = 4 * 1024 * 1024;

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
/// Returns 400 for a body that is not valid JSON, or too long.
pub(crate) async fn json<T: DeserializeOwned>(body: Body) -> Result<T> {
    let read = axum::body::to_bytes(body, JSON_BYTES).await;
    let bytes = read.map_err(|error| ApiError::bad_request(error).context("invalid JSON"))?;
    if bytes.is_empty() {
        return Err(ApiError::bad_request(
            "invalid JSON: got EOF while reading request body",
        ));
    }
    serde_json::from_slice(&bytes).map_err(|error| ApiError::bad_request(error).context("invalid JSON"))
}

/// Returns the body of an answer.
pub(crate) fn body(reader: Reader) -> Body {
    Body::from_stream(ReaderStream::with_capacity(reader, CHUNK_BYTES))
}
