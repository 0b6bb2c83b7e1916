//! Dockerfiles that are short to send and long to read.

use std::time::{Duration, Instant};

use super::*;

async fn built(dockerfile: &str) -> Result<Built, StoreError> {
    let root = tempfile::tempdir().unwrap();
    let store = open(root.path()).await.unwrap();
    let file = entry(b'0', "f", b"x");
    let context = [entry(b'0', "Dockerfile", dockerfile.as_bytes()), file].concat();
    build_of(&store, Box::new(io::Cursor::new(context))).await
}

#[tokio::test]
async fn a_dockerfile_has_only_so_many_bytes_and_instructions() {
    let of = |count: usize, line: &str| format!("FROM a\n{}", line.repeat(count));
    assert_eq!(built(&of(999, "ARG a\n")).await.unwrap().steps.len(), 1000);
    let text = invalid(built(&of(1000, "ARG a\n")).await);
    assert_eq!(text, "the Dockerfile has more than 1000 instructions");
    built(&of(1, &"#".repeat((128 << 10) - 7))).await.unwrap();
    let text = invalid(built(&of(1, &"#".repeat((128 << 10) - 6))).await);
    assert_eq!(
        text,
        "Dockerfile has 131073 bytes: a Dockerfile has at most 128 KiB"
    );
}

#[tokio::test]
async fn an_image_has_only_so_many_layers() {
    let of = |count: usize| format!("FROM a\n{}", "COPY f /\n".repeat(count));
    assert_eq!(
        built(&of(125)).await.unwrap().image.overlay.unwrap().layers.len(),
        125
    );
    let text = invalid(built(&of(126)).await);
    assert_eq!(
        text,
        "line 127: max depth exceeded: an image has at most 125 layers"
    );
}

/// How long a future keeps its thread, at most.
async fn longest_poll<T>(future: impl Future<Output = T>) -> (T, Duration) {
    let mut future = std::pin::pin!(future);
    let mut longest = Duration::ZERO;
    let result = std::future::poll_fn(|cx| {
        let began = Instant::now();
        let polled = future.as_mut().poll(cx);
        longest = longest.max(began.elapsed());
        polled
    })
    .await;
    (result, longest)
}

#[tokio::test]
async fn a_dockerfile_keeps_no_thread_that_others_need() {
    let pairs = |line: usize| (0..14).map(move |i| format!(" a{:05}=1", 14 * line + i));
    let lines = (0..998).map(|line| format!("ENV{}\n", pairs(line).collect::<String>()));
    let dockerfile = format!("FROM a\n{}", lines.collect::<String>());
    let (built, longest) = longest_poll(built(&dockerfile)).await;
    assert_eq!(built.unwrap().image.overlay.unwrap().env.len(), 998 * 14);
    assert!(longest < Duration::from_secs(1), "{longest:?}");
}

#[tokio::test]
async fn a_base_has_a_name_of_limited_length() {
    let root = tempfile::tempdir().unwrap();
    let store = open(root.path()).await.unwrap();
    let context = entry(
        b'0',
        "Dockerfile",
        format!("# it is\nFROM {}", "a*".repeat(50_000)).as_bytes(),
    );
    let asked = |base: &str| panic!("it was asked for a name of {} bytes", base.len());
    let context: Reader = Box::new(io::Cursor::new(context));
    let refused = store.build(&scope("s"), &request(), &asked, context).await;
    let text = invalid(refused);
    let start = "line 2: invalid reference format: FROM has a name of more than 520 bytes: a*a*";
    assert!(text.starts_with(start), "{text}");
}

#[tokio::test]
async fn a_byte_order_mark_shifts_nothing() {
    let steps = built("\u{feff}FROM a\n#\u{1f600}\nENV A=1\n#\u{1f600}\nENV B=2\nENV C").await;
    assert_eq!(invalid(steps), "line 6: must have a name and a value");
}
