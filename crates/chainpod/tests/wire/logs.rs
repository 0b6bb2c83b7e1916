//! `docker logs`: the selected lines, and the end of the stream.

use crate::raw::{frame, head, rest};
use crate::rules::{NAME, create, launch, world};

/// Returns a log of these lines in frames.
fn frames(lines: &[&str]) -> String {
    lines.iter().map(|line| frame(line)).collect()
}

#[tokio::test]
async fn logs_are_cut_to_what_is_asked_for() {
    let mut world = world().await;
    launch(&mut world, "one\ntwo\nthree\n", 0).await;
    let (one, two, three) = ("one\n", "two\n", "three\n");
    for (query, expected) in [
        ("", frames(&[one, two, three])),
        ("&tail=all", frames(&[one, two, three])),
        ("&tail=2", frames(&[two, three])),
        ("&tail=0", String::new()),
        ("&since=1", frames(&[two, three])),
        ("&until=1.5", frames(&[one, two])),
        // As in Docker, `tail` counts the lines after `until` too.
        ("&until=1.5&tail=2", frames(&[two])),
        ("&until=1.5&tail=1", String::new()),
        (
            "&since=2&timestamps=1",
            frames(&["1970-01-01T00:00:02.000000000Z three\n"]),
        ),
    ] {
        let path = format!("/containers/{NAME}/logs?stdout=1{query}");
        let answer = world.expect(200, "GET", &path, "").await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(
            head.contains("\r\ncontent-type: application/vnd.docker.multiplexed-stream\r\n"),
            "{head}"
        );
        assert_eq!(unchunked(body), expected, "{query}");
    }
}

#[tokio::test]
async fn followed_logs_end_with_the_program() {
    let mut world = world().await;
    create(&world).await;
    let path = format!("/containers/{NAME}/logs?stderr=1&follow=1&tail=1");
    let never = world.expect(200, "GET", &path, "").await;
    assert!(
        never.ends_with("\r\n\r\n0\r\n\r\n"),
        "what does not run is not followed: {never}"
    );
    world
        .expect(204, "DELETE", &format!("/containers/{NAME}"), "")
        .await;
    launch(&mut world, "one\ntwo\n", 0).await;
    let request = format!("GET /v1.41{path} HTTP/1.1\r\nhost: d\r\nconnection: close\r\n\r\n");
    let mut following = world.send(request).await;
    let headers = head(&mut following).await;
    assert!(
        headers.contains("\r\ncontent-type: application/vnd.docker.raw-stream\r\n"),
        "{headers}"
    );
    world.exit(NAME);
    assert_eq!(unchunked(&rest(&mut following).await), frame("two\n"));
}

/// Returns a chunked body's content.
fn unchunked(mut body: &str) -> String {
    let mut content = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        content.push_str(&rest[..size]);
        body = &rest[size + 2..];
    }
    content
}
