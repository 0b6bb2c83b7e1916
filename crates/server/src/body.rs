//! Bodies as streams of bytes, both ways.

use axum::body::Body;
use engine::ports::Reader;
use futures::TryStreamExt;
use serde::de::DeserializeOwned;
use tokio_util::io::{ReaderStream, StreamReader};

use crate::error::{ApiError, Result};

/// Bytes of a blob that are read and sent at once.
const CHUNK_BYTES: usize = 64 * 1024;
/// A body that is read into memory. A peer's create request has 3 KiB; the command and environment that
/// Linux starts a program with, which are most of it, have at most 2 MiB.
const JSON_BYTES: usize = 4 * 1024 * 1024;

/// A request's body. One that ends before its final chunk fails.
pub(crate) fn reader(body: Body) -> Reader {
    let stream = body
        .into_data_stream()
        .map_err(|error| std::io::Error::new(std::io::ErrorKind::UnexpectedEof, error));
    Box::new(StreamReader::new(stream))
}

/// A JSON body, with Docker's texts.
///
/// # Errors
/// 400 for what is none, or too long.
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

/// An answer's body.
pub(crate) fn body(reader: Reader) -> Body {
    Body::from_stream(ReaderStream::with_capacity(reader, CHUNK_BYTES))
}
