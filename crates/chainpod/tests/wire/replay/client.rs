//! A peer's side of one call: its request in two parts, the reply in two parts.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use futures::channel::mpsc;
use futures::{SinkExt, StreamExt};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::recording::Request;

/// The time limit of a step that does not wait for the peer itself.
const PATIENCE: Duration = Duration::from_secs(15);

type Body = BoxBody<Bytes, std::io::Error>;
pub(super) type Connection = SendRequest<Body>;
type Part = Result<Frame<Bytes>, std::io::Error>;

/// One call that has been started.
pub(super) struct Call {
    rest: Option<(mpsc::UnboundedSender<Part>, Bytes)>,
    head: JoinHandle<hyper::Result<hyper::Response<Incoming>>>,
}

/// A reply, so far.
pub(super) enum Reply {
    /// Status and headers have arrived, the body has not.
    Body(Incoming),
    /// The connection is a stream. A task of its own reads it.
    Stream(JoinHandle<Vec<u8>>),
}

pub(super) async fn connect(address: SocketAddr) -> Connection {
    let stream = TcpStream::connect(address).await.unwrap();
    let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
    // The call that needs the connection reports its errors.
    tokio::spawn(connection.with_upgrades());
    sender
}

impl Call {
    /// Sends the request without a body in chunks.
    pub(super) async fn send(
        connection: &mut Connection,
        path: &str,
        request: &Request,
        body: Bytes,
    ) -> Self {
        let is_chunked = request.headers.contains_key("Transfer-Encoding");
        let (body, rest) = if is_chunked {
            let (sender, parts) = mpsc::unbounded();
            (BodyExt::boxed(StreamBody::new(parts)), Some((sender, body)))
        } else {
            let whole = Full::new(body).map_err(|never: Infallible| match never {});
            (whole.boxed(), None)
        };
        let mut sent = hyper::Request::builder()
            .method(request.method.as_str())
            .uri(path);
        let length = ["Content-Length", "Transfer-Encoding"];
        for (name, value) in &request.headers {
            if !length.contains(&name.as_str()) {
                sent = sent.header(name, value);
            }
        }
        connection.ready().await.unwrap();
        let head = tokio::spawn(connection.send_request(sent.body(body).unwrap()));
        Self { rest, head }
    }

    /// Sends the body to its end or, if the peer broke off, only nearly.
    pub(super) async fn end_body(&mut self, complete: bool) {
        let Some((mut sender, body)) = self.rest.take() else {
            return;
        };
        // Nobody receives it if the reply has arrived already.
        let _ = sender.send(Ok(Frame::data(body))).await;
        if !complete {
            let broken = std::io::Error::other("the peer breaks off");
            let _ = sender.send(Err(broken)).await;
        }
    }

    /// Returns the status, the headers, and the rest of the reply.
    pub(super) async fn head(self) -> Result<(hyper::Response<()>, Reply), String> {
        let reply = tokio::time::timeout(PATIENCE, self.head).await;
        let reply = reply.map_err(|_| "no reply in time".to_owned())?.unwrap();
        let (parts, body) = reply.map_err(|error| format!("no reply: {error}"))?.into_parts();
        let head = hyper::Response::from_parts(parts.clone(), ());
        if parts.status != hyper::StatusCode::SWITCHING_PROTOCOLS {
            return Ok((head, Reply::Body(body)));
        }
        let upgraded = hyper::upgrade::on(hyper::Response::from_parts(parts, body));
        let stream = tokio::spawn(async move {
            let mut stream = TokioIo::new(upgraded.await.unwrap());
            // Old clients close their side at once, which means nothing.
            stream.shutdown().await.unwrap();
            let mut frames = Vec::new();
            stream.read_to_end(&mut frames).await.unwrap();
            frames
        });
        Ok((head, Reply::Stream(stream)))
    }
}

/// Reads the whole body.
pub(super) async fn rest(body: Incoming) -> Result<Bytes, String> {
    let mut frames = body.into_data_stream();
    let read = async {
        let mut all = Vec::new();
        while let Some(part) = frames.next().await {
            all.extend_from_slice(&part.map_err(|error| format!("the body broke: {error}"))?);
        }
        Ok(all.into())
    };
    tokio::time::timeout(PATIENCE, read)
        .await
        .unwrap_or_else(|_| Err("the body does not end".to_owned()))
}

/// Reads a whole stream, which must have ended.
pub(super) async fn ended(stream: JoinHandle<Vec<u8>>) -> Result<Vec<u8>, String> {
    match tokio::time::timeout(Duration::from_secs(1), stream).await {
        Ok(frames) => Ok(frames.unwrap()),
        Err(_) => Err("the stream is open where it must have ended".to_owned()),
    }
}
