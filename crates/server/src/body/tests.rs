//! Bodies that stop, of one client and of many.

use axum::response::IntoResponse;
use bytes::Bytes;
use futures::{StreamExt, stream};
use http::StatusCode;
use serde_json::Value;
use tokio::time::Instant;

use super::*;

/// Returns a body of that many bytes that never ends.
fn stopped(bytes: usize) -> Body {
    let first = stream::once(async move { Ok::<_, std::io::Error>(Bytes::from(vec![b' '; bytes])) });
    Body::from_stream(first.chain(stream::pending()))
}

async fn status(body: Body) -> StatusCode {
    json::<Value>(body).await.unwrap_err().into_response().status()
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stops_is_given_up_and_of_many_only_the_small_find_room_at_any_time() {
    assert_eq!(status(stopped(10)).await, StatusCode::REQUEST_TIMEOUT);
    let begun = Instant::now();
    let large = futures::future::join_all((0..100).map(|_| status(stopped(1000))));
    let small = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let read: Value = json(Body::from("{}")).await.unwrap();
        assert_eq!(read, serde_json::json!({}));
        Instant::now()
    };
    let (large, small) = tokio::join!(large, small);
    assert_eq!((small - begun).as_secs(), 1);
    let count = |wanted| large.iter().filter(|status| **status == wanted).count();
    let (slow, busy) = (
        count(StatusCode::REQUEST_TIMEOUT),
        count(StatusCode::SERVICE_UNAVAILABLE),
    );
    assert_eq!(slow + busy, 100);
    assert!(slow >= 16 && busy >= 16, "{slow} {busy}");
}
