//! Bodies as streams of bytes, both ways.

use axum::body::Body;
use engine::ports::Reader;
use futures::TryStreamExt;
use tokio_util::io::{ReaderStream, StreamReader};

/// Bytes of a blob that are read and sent at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// A request's body. One that ends before its final chunk fails.
pub(crate) fn reader(body: Body) -> Reader {
    let stream = body
        .into_data_stream()
        .map_err(|error| std::io::Error::new(std::io::ErrorKind::UnexpectedEof, error));
    Box::new(StreamReader::new(stream))
}

/// An answer's body.
pub(crate) fn body(reader: Reader) -> Body {
    Body::from_stream(ReaderStream::with_capacity(reader, CHUNK_BYTES))
}
