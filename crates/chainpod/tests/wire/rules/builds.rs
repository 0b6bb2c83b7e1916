//! Builds: streams that are opened early, are idle, and may break.

use tokio::io::AsyncWriteExt;

use super::{CCENV, world};
use crate::raw::{chunk, final_chunk, gzip, head, is_silent, rest, tar};
use crate::world::World;

const DOCKERFILE: &str = "FROM hyperledger/fabric-baseos:2.5\nADD binpackage.tar /usr/local/bin\n\
    LABEL a.b=\"GOLANG\" \\\n      c.d=\"2.5.16\"\nENV CORE_CHAINCODE_BUILDLEVEL=2.5.16";

/// Returns a peer's body if all goes well.
async fn context() -> Vec<u8> {
    let package = tar(&[("./chaincode", b"ELF")]).await;
    gzip(
        &tar(&[
            ("Dockerfile", DOCKERFILE.as_bytes()),
            ("binpackage.tar", &package),
        ])
        .await,
    )
    .await
}

async fn is_there(world: &World, image: &str) -> bool {
    let answer = world.call("GET", &format!("/images/{image}/json"), "").await;
    answer.starts_with("HTTP/1.1 200 ")
}

#[tokio::test]
async fn rule_2_a_build_is_opened_first_and_idles_while_everything_else_goes_on() {
    let world = world().await;
    let mut build = world.open("/build?t=built").await;
    assert!(is_silent(&mut build).await);
    let context = context().await;
    chunk(&mut build, &context[..20]).await;
    world
        .expect(200, "GET", &format!("/images/{CCENV}/json"), "")
        .await;
    let create = format!(r#"{{"Image": "{CCENV}", "Cmd": ["go", "build"]}}"#);
    world
        .expect(201, "POST", "/containers/create?name=compiler", create)
        .await;
    let source = gzip(&tar(&[("src/main.go", b"package main")]).await).await;
    world
        .expect(
            200,
            "PUT",
            "/containers/compiler/archive?path=/chaincode/input",
            source,
        )
        .await;
    world.expect(204, "DELETE", "/containers/compiler", "").await;
    // Another build, started later, ends earlier.
    let other = world.build("other", "FROM a", &[]).await;
    assert!(other.starts_with("HTTP/1.1 200 "), "{other}");
    assert!(is_silent(&mut build).await);
    chunk(&mut build, &context[20..]).await;
    final_chunk(&mut build).await;
    let answer = rest(&mut build).await;
    assert!(answer.contains("Successfully tagged built:latest"), "{answer}");
    assert!(is_there(&world, "built").await);
}

#[tokio::test]
async fn rule_3_a_gzip_that_ends_without_the_final_chunk_leaves_no_image() {
    let world = world().await;
    let mut build = world.open("/build?t=built").await;
    chunk(&mut build, &context().await).await;
    // Tar and gzip are complete, but the body is not.
    assert!(is_silent(&mut build).await);
    build.shutdown().await.unwrap();
    let answer = rest(&mut build).await;
    assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(!is_there(&world, "built").await);
}

#[tokio::test]
async fn rule_4_a_failure_is_the_status_and_nothing_is_said_before() {
    let world = world().await;
    let mut build = world.open("/build?t=built").await;
    let context = tar(&[("Dockerfile", b"FROM a\nENV A=1\nRUN make")]).await;
    chunk(&mut build, &context).await;
    assert!(is_silent(&mut build).await);
    final_chunk(&mut build).await;
    let answer = head(&mut build).await;
    assert!(answer.starts_with("HTTP/1.1 501 "), "{answer}");
    let body = rest(&mut build).await;
    assert!(
        body.starts_with("{\"message\":\"line 3: RUN needs a builder"),
        "{body}"
    );
    assert!(!is_there(&world, "built").await);
}

#[tokio::test]
async fn rule_14_the_dockerfiles_that_peers_send() {
    let world = world().await;
    let package = tar(&[("./it", b"content")]).await;
    let files: &[(&str, &[u8])] = &[("binpackage.tar", &package), ("file", b"content")];
    for (name, rest) in [
        ("go", "ADD binpackage.tar /usr/local/bin"),
        ("node", "ADD binpackage.tar /usr/local/src"),
        ("java", "ADD binpackage.tar /root/chaincode-java/chaincode"),
        (
            "car",
            "COPY file /opt/\nWORKDIR /opt\nUSER 500\nENTRYPOINT [\"./file\"]\nCMD [\"-v\"]",
        ),
    ] {
        let answer = world
            .build(name, &format!("FROM hyperledger/base\n{rest}"), files)
            .await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{name}: {answer}");
    }
    for (dockerfile, status, text) in [
        ("FROM a\n\nRUN x", 501, "line 3: RUN needs a builder"),
        (
            "FROM scratch",
            501,
            "line 1: FROM scratch is not supported: the cluster needs an image to run",
        ),
        (
            "FROM a\nADD nothing /",
            400,
            "ADD failed: file not found in build context",
        ),
        ("FROM a\nADD ../file /", 400, "outside the build context"),
        ("CMD x", 400, "expected FROM at line 1"),
        (
            "FROM EVIL/hyperledger/fabric-baseos:2.5",
            400,
            "line 1: FROM EVIL/hyperledger/fabric-baseos:2.5: invalid reference format: \
             repository name (EVIL/hyperledger/fabric-baseos) must be lowercase",
        ),
        (
            "ARG B=a\n\nFROM ${B}..b",
            400,
            "line 3: FROM a..b: invalid reference format",
        ),
        (
            "FROM 5c7a9c8f21b34d0e9b5f1d2c3a4b5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f",
            400,
            "line 1: No such image: sha256:5c7a9c8f21b34d0e9b5f1d2c3a4b5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f",
        ),
    ] {
        let answer = world.build("bad", dockerfile, files).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")) && answer.contains(text),
            "{dockerfile}: {answer}"
        );
    }
    assert!(!is_there(&world, "bad").await);
}
