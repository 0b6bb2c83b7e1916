//! The stream of a connection with the bounds that hyper does not have: on the time for a head, and on the
//! memory of all heads together. It notices that a client is gone for whose answer nobody else waits. It holds
//! the connection's place until the very end, an upgrade included.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf, Take};
use tokio::time::Sleep;

use super::connections::Place;
use crate::calls::Calls;
use crate::limits::{FREE_HEAD_BYTES, HEAD_SECS};

/// The most bytes of one read. It is just too little for hyper to enlarge its buffer for bodies.
const READ_BYTES: u64 = 8 * 1024 - 1;

/// A connection's stream with its bounds.
pub(super) struct Bounded<S> {
    stream: Take<S>,
    place: Place,
    calls: Calls,
    /// The number of begins and ends at the last read.
    seen: usize,
    /// True until the first byte.
    is_new: bool,
    /// A byte that came while a call waited for its client to go, and that hyper has not read yet.
    ahead: Option<u8>,
    /// Bytes of the current head.
    head: usize,
    /// Ends at the time by which the current head must be complete.
    late: Option<Pin<Box<Sleep>>>,
}

impl<S: AsyncRead + Unpin> Bounded<S> {
    pub(super) fn new(stream: S, place: Place, calls: Calls) -> Self {
        Self {
            stream: stream.take(READ_BYTES),
            place,
            calls,
            seen: 0,
            is_new: true,
            ahead: None,
            head: 0,
            late: None,
        }
    }

    /// Fails once the client is gone, if the current call ends with its client. A client that sends its next
    /// call ahead is not watched any more: its bytes are left in the socket.
    fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        if self.ahead.is_some() || !self.calls.end_with_client() {
            return Poll::Pending;
        }
        let mut byte = [0];
        let mut read = ReadBuf::new(&mut byte);
        self.stream.set_limit(1);
        let gone = match ready!(Pin::new(&mut self.stream).poll_read(cx, &mut read)) {
            Ok(()) => io::ErrorKind::UnexpectedEof.into(),
            Err(error) => error,
        };
        self.ahead = read.filled().first().copied();
        match self.ahead {
            Some(_) => Poll::Pending,
            None => Poll::Ready(gone),
        }
    }

    /// Counts bytes of a head.
    fn count(&mut self, bytes: usize) -> io::Result<()> {
        self.is_new = false;
        self.head += bytes;
        // A buffer that grows doubles.
        let beyond = 2 * self.head.saturating_sub(FREE_HEAD_BYTES.amount());
        if self.place.reserve(beyond) {
            return Ok(());
        }
        let error = "there is no memory left for a request with a long line or long headers";
        Err(io::Error::new(io::ErrorKind::OutOfMemory, error))
    }

    /// Fails once a head that has begun takes too long. On a new connection, it has begun.
    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        if !self.is_new && self.head == 0 {
            return Poll::Pending;
        }
        let limit = Duration::from_secs(HEAD_SECS.most);
        let late = self
            .late
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        ready!(late.as_mut().poll(cx));
        Poll::Ready(io::ErrorKind::TimedOut.into())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Bounded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let calls = self.calls.turns();
        if calls != self.seen {
            (self.seen, self.head, self.late) = (calls, 0, None);
        }
        let is_head = calls.is_multiple_of(2);
        // From here on, hyper itself notices when the client goes.
        self.calls.outlive_client();
        if let Some(byte) = self.ahead.take() {
            buf.put_slice(&[byte]);
            return Poll::Ready(if is_head { self.count(1) } else { Ok(()) });
        }
        let before = buf.filled().len();
        self.stream.set_limit(READ_BYTES);
        match Pin::new(&mut self.stream).poll_read(cx, buf) {
            Poll::Pending if is_head => self.poll_late(cx).map(Err),
            Poll::Ready(Ok(())) if is_head => {
                let read = buf.filled().len() - before;
                Poll::Ready(self.count(read))
            }
            read => read,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Bounded<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(self.stream.get_mut()).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(self.stream.get_mut()).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.get_ref().is_write_vectored()
    }

    /// Flushes. hyper does that whenever it looks after the connection, and does not read during a call.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Poll::Ready(gone) = self.poll_gone(cx) {
            return Poll::Ready(Err(gone));
        }
        Pin::new(self.stream.get_mut()).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.stream.get_mut()).poll_shutdown(cx)
    }
}
