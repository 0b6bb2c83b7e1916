//! Dockerfiles that are short to send and slow to read.

use std::collections::BTreeMap;
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

/// Returns the longest time for which a future keeps its thread.
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
    let start = "line 2: invalid reference format: FROM has a name of more than 780 bytes: a*a*";
    assert!(text.starts_with(start), "{text}");
}

#[tokio::test]
async fn a_byte_order_mark_shifts_nothing() {
    let steps = built("\u{feff}FROM a\n#\u{1f600}\nENV A=1\n#\u{1f600}\nENV B=2\nENV C").await;
    assert_eq!(invalid(steps), "line 6: ENV: must have a name and a value");
}

#[tokio::test]
async fn what_variables_come_to_has_a_limit() {
    let doubled = |keyword: &str| {
        format!(
            "FROM a\n{keyword} A=0123456789abcdef\n{}",
            format!("{keyword} A=$A$A\n").repeat(20)
        )
    };
    let label = format!(
        "{}LABEL b=$A$A\n",
        doubled("ENV").split_inclusive('\n').take(14).collect::<String>()
    );
    let before_from = doubled("ARG").replace("FROM a\n", "") + "FROM a\n";
    for (dockerfile, start) in [
        (
            doubled("ENV"),
            "line 15: ENV: a value of more than 131071 bytes: A=0123456789abcdef01",
        ),
        (
            doubled("ARG"),
            "line 15: ARG: a value of more than 131071 bytes: A=0123456789abcdef01",
        ),
        (
            before_from,
            "line 14: ARG: a value of more than 131071 bytes: A=0123456789abcdef01",
        ),
        (
            label,
            "line 15: LABEL: a value of more than 131071 bytes: b=0123456789abcdef",
        ),
    ] {
        let text = invalid(built(&dockerfile).await);
        assert!(text.starts_with(start), "{text}");
        assert!(text.len() < 200, "{}", text.len());
    }
}

#[tokio::test]
async fn what_all_variables_of_an_image_come_to_has_a_limit() {
    let large = format!("FROM a\nARG A={}\n", "a".repeat(64 << 10));
    let many = |line: &str| {
        format!(
            "{large}{}",
            (0..20)
                .map(|i| line.replace("BN", &format!("B{i}")))
                .collect::<String>()
        )
    };
    let small: String = (0..17_000).map(|_| " a=").collect();
    for (dockerfile, keyword) in [
        (many("ENV BN=$A\n"), "ENV"),
        (many("ARG BN=$A\n"), "ARG"),
        (many("LABEL BN=$A\n"), "LABEL"),
        (many("USER $A\n"), "USER"),
        (format!("{large}COPY{} /x/\n", " $A".repeat(20)), "COPY"),
        (format!("FROM a\nENV{small}"), "ENV"),
    ] {
        let text = invalid(built(&dockerfile).await);
        let expected = format!(": {keyword}: the values of all instructions have more than 1 MiB");
        assert!(text.starts_with("line ") && text.ends_with(&expected), "{text}");
    }
}

#[tokio::test]
async fn an_image_does_not_grow_from_base_to_base() {
    let root = tempfile::tempdir().unwrap();
    let store = open(root.path()).await.unwrap();
    let build = async |dockerfile: String| {
        let context = entry(b'0', "Dockerfile", dockerfile.as_bytes());
        build_of(&store, Box::new(io::Cursor::new(context))).await
    };
    let step = |base: &str, i: usize| format!("FROM {base}\nLABEL l{i}={}", "x".repeat(100 << 10));
    let mut built = build(step("a", 0)).await;
    for i in 1..10 {
        built = build(step(NAME, i)).await;
    }
    built.unwrap();
    let text = invalid(build(step(NAME, 10)).await);
    assert_eq!(
        text,
        "line 2: LABEL: the values of all instructions have more than 1 MiB"
    );
}

#[tokio::test]
async fn paths_of_the_image_are_no_longer_than_linux_knows() {
    let long = format!("/{}", "d/".repeat(2048));
    for line in [format!("WORKDIR {long}"), format!("COPY f {long}")] {
        let text = invalid(built(&format!("FROM a\n{line}")).await);
        assert!(
            text.starts_with("line 2: a path of more than 4096 bytes: /d/d"),
            "{text}"
        );
    }
}

#[test]
fn no_dockerfile_ends_the_process() {
    const PIECES: [&str; 36] = [
        "FROM a\n",
        "FROM ",
        "ENV ",
        "ARG ",
        "A",
        "=",
        "$A",
        "${A",
        "}",
        "${A:-x}",
        ":+",
        "\"",
        "'",
        "\\",
        "\n",
        " ",
        "#",
        "COPY ",
        "ADD ",
        "[",
        "]",
        ",",
        "<<EOF",
        "--x=",
        "é",
        "\u{1f600}",
        "\u{feff}",
        "LABEL ",
        "CMD ",
        "USER ",
        "WORKDIR ",
        "..",
        "/",
        "\r",
        "# escape=`\n",
        "\\ud83d",
    ];
    // A fixed sequence: Marsaglia's xorshift.
    let mut state = 88_172_645_463_325_252_u64;
    let mut pick = |count: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % count as u64).unwrap()
    };
    for _ in 0..20_000 {
        let start = if pick(2) == 0 { "FROM a\n" } else { "" };
        let count = pick(24);
        let pieces = (0..count).map(|_| PIECES[pick(PIECES.len())]);
        let text: String = std::iter::once(start).chain(pieces).collect();
        let read = crate::dockerfile::steps(&text);
        let based = read.and_then(|steps| Ok((crate::dockerfile::base(&steps, &BTreeMap::new())?.1, steps)));
        if let Ok((done, steps)) = based {
            let _ = crate::dockerfile::plan::Plan::new(&steps[done..], &BTreeMap::new(), None);
        }
    }
}
