//! The answer to a connection beyond its address's share. It costs one write: no task reads the request.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use docker_api::ErrorBody;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// The time for a refused client to read its answer. If the connection were closed with its request unread,
/// the answer could be lost.
const LINGER: Duration = Duration::from_secs(1);
/// The number of refused clients that get this time. Others may lose the answer.
const LINGERING: usize = 64;

/// Refuses connections. Cheap to clone.
#[derive(Clone)]
pub(super) struct Refusal {
    answer: Arc<str>,
    lingering: Arc<Semaphore>,
}

impl Refusal {
    pub(super) fn new(share: usize) -> Self {
        let message = format!(
            "this address has {share} connections, as many as one address may have; close some, or raise chainpod's \
             setting max-connections, of which an address may have a quarter"
        );
        let body = serde_json::to_string(&ErrorBody { message }).unwrap_or_default() + "\n";
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
             connection: close\r\n\r\n{body}"
        );
        Self {
            answer: answer.into(),
            lingering: Arc::new(Semaphore::new(LINGERING)),
        }
    }

    /// Answers with 503 and closes the connection.
    pub(super) fn answer(&self, stream: TcpStream) {
        let Ok(mut stream) = stream.into_std() else { return };
        // A new connection has room for these few bytes.
        let answered = stream.write_all(self.answer.as_bytes());
        let Ok(place) = Arc::clone(&self.lingering).try_acquire_owned() else {
            return;
        };
        if answered
            .and_then(|()| stream.shutdown(std::net::Shutdown::Write))
            .is_err()
        {
            return;
        }
        let Ok(mut stream) = TcpStream::from_std(stream) else {
            return;
        };
        tokio::spawn(async move {
            let mut unread = [0; 512];
            let closed = async { while stream.read(&mut unread).await.is_ok_and(|read| read > 0) {} };
            // Then it is closed in any case.
            let _ = tokio::time::timeout(LINGER, closed).await;
            drop(place);
        });
    }
}
