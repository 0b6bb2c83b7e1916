//! A call that is refused before its body was read to the end is the last of its connection. Its answer has
//! the header `Connection: close`, as in dockerd (Go's net/http). Without it a client would send its next
//! call on a connection that is being closed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use futures::{StreamExt, stream};
use http::{HeaderValue, header};

/// Returns the same routes with that header on such answers.
pub(super) fn told(router: Router) -> Router {
    router.layer(from_fn(tell))
}

async fn tell(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let read = Arc::new(AtomicBool::new(false));
    let request = request.map(|body| noting_its_end(body, Arc::clone(&read)));
    let mut response = next.run(request).await;
    let status = response.status();
    if (status.is_client_error() || status.is_server_error()) && !read.load(Ordering::Relaxed) {
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

fn noting_its_end(body: Body, read: Arc<AtomicBool>) -> Body {
    let end = stream::poll_fn(move |_| {
        read.store(true, Ordering::Relaxed);
        Poll::Ready(None)
    });
    Body::from_stream(body.into_data_stream().chain(end))
}

#[cfg(test)]
mod tests {
    use axum::routing::post;
    use engine::caller::Caller;
    use http::StatusCode;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::listen::Connections;
    use crate::listen::connection::serve;

    /// Returns the head of the answer to a call with a body of 4 bytes, of which `sent` is sent, and true if
    /// the connection takes another call.
    async fn answered(path: &str, sent: &str) -> (String, bool) {
        let (mut client, server) = tokio::io::duplex(1024);
        let read = async |body: Body| {
            let _ = axum::body::to_bytes(body, 4).await;
            StatusCode::BAD_REQUEST
        };
        let router = Router::new()
            .route("/refused", post(async || StatusCode::NOT_FOUND))
            .route("/read", post(read));
        let place = Connections::default().admit(None).await.unwrap();
        tokio::spawn(serve(server, Caller::LOCAL, told(router), place));
        let call = format!("POST {path} HTTP/1.1\r\ncontent-length: 4\r\n\r\n");
        client
            .write_all(format!("{call}{sent}").as_bytes())
            .await
            .unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(client.read_u8().await.unwrap());
        }
        let again = client.write_all(format!("{call}{sent}").as_bytes()).await.is_ok();
        (
            String::from_utf8(head).unwrap(),
            again && client.read_u8().await.is_ok(),
        )
    }

    #[tokio::test]
    async fn a_connection_is_closed_and_that_is_said_where_a_body_was_not_read() {
        for (path, sent, closed) in [
            ("/refused", "", true),
            ("/refused", "12", true),
            ("/read", "1234", false),
        ] {
            let (head, again) = answered(path, sent).await;
            assert!(head.starts_with("HTTP/1.1 40"), "{head}");
            assert_eq!(
                head.contains("connection: close\r\n"),
                closed,
                "{path} {sent}: {head}"
            );
            assert_eq!(again, !closed, "{path} {sent}");
        }
    }
}
