//! Uploads, attach, wait and outputs.

use std::time::Instant;

use tokio::io::AsyncWriteExt;

use super::{CCENV, NAME, create, launch, start, world};
use crate::raw::{MOMENT, PATIENCE, chunk, final_chunk, frame, gzip, head, is_silent, rest, tar};
use crate::world::{Script, World};

const ALL: &str = "logs=1&stream=1&stdout=1&stderr=1";
/// More than the connection's buffers hold, in lines as long as the kubelet keeps them.
const FLOOD_LINES: usize = 1 << 10;
const LINE_BYTES: usize = 16 << 10;

async fn wait(world: &World) -> tokio::net::TcpStream {
    let request = format!("POST /containers/{NAME}/wait HTTP/1.1\r\nhost: d\r\nconnection: close\r\n\r\n");
    let mut waiting = world.send(request).await;
    head(&mut waiting).await;
    waiting
}

#[tokio::test]
async fn rule_6_files_arrive_between_create_and_start_compressed_or_not_whatever_is_said() {
    let world = world().await;
    create(&world).await;
    let five = [
        "client.key",
        "client.crt",
        "client_pem.key",
        "client_pem.crt",
        "peer.crt",
    ];
    let names = five.map(|name| format!("/etc/hyperledger/fabric/{name}"));
    let files: Vec<_> = names.iter().map(|name| (name.as_str(), &b"PEM"[..])).collect();
    let plain = tar(&files).await;
    let path = format!("/containers/{NAME}/archive?path=%2F");
    for (content, encoding) in [(plain.clone(), "gzip"), (gzip(&plain).await, "identity")] {
        let head = format!(
            "PUT {path} HTTP/1.1\r\nhost: d\r\nconnection: close\r\ncontent-encoding: {encoding}\r\n\
             content-length: {}\r\n\r\n",
            content.len()
        );
        let answer = rest(&mut world.send([head.as_bytes(), &content].concat()).await).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
    let uploads = world.engine.inspect(NAME).await.unwrap().container.uploads;
    assert_eq!(uploads.len(), 2);
    let text = format!("{uploads:?}");
    assert!(names.iter().all(|name| text.contains(name)), "{text}");
    let compiler = format!(r#"{{"Image": "{CCENV}", "Cmd": ["go"]}}"#);
    world
        .expect(201, "POST", "/containers/create?name=compiler", compiler)
        .await;
    for path in [&path, "/containers/compiler/archive?path=/chaincode/input"] {
        world.expect(400, "PUT", path, b"no tar at all").await;
        let climbing = tar(&[("../escaped", b"x")]).await;
        let refused = world.expect(400, "PUT", path, climbing).await;
        assert!(refused.contains("../escaped"), "{refused}");
    }
}

#[tokio::test]
async fn rule_7_attach_before_the_start_begins_at_the_first_byte_whatever_it_asks() {
    for query in [ALL, "stream=1&stdout=1"] {
        let mut world = world().await;
        create(&world).await;
        let mut attached = world.attach(NAME, query).await;
        assert!(is_silent(&mut attached).await);
        start(&mut world, "first\nlast\n", 0).await;
        world.exit(NAME);
        assert_eq!(
            rest(&mut attached).await,
            frame("first\n") + &frame("last\n"),
            "{query}"
        );
    }
}

#[tokio::test]
async fn rule_7_attach_long_after_the_start_begins_at_the_first_byte() {
    let mut world = world().await;
    launch(&mut world, "first\n", 0).await;
    let mut attached = world.attach(NAME, ALL).await;
    let mut only_new = world.attach(NAME, "stream=1&stdout=1").await;
    let mut only_old = world.attach(NAME, "logs=1&stdout=1").await;
    assert_eq!(rest(&mut only_old).await, frame("first\n"));
    assert!(is_silent(&mut only_new).await);
    world.exit(NAME);
    assert_eq!(rest(&mut attached).await, frame("first\n"));
    assert_eq!(rest(&mut only_new).await, "");
}

#[tokio::test]
async fn rule_7_a_half_close_means_nothing() {
    let mut world = world().await;
    create(&world).await;
    let mut attached = world.attach(NAME, ALL).await;
    attached.shutdown().await.unwrap();
    start(&mut world, "words\n", 0).await;
    tokio::time::sleep(MOMENT).await;
    world.exit(NAME);
    assert_eq!(rest(&mut attached).await, frame("words\n"));
}

#[tokio::test]
async fn rule_7_attach_after_the_exit_has_everything_and_ends() {
    let mut world = world().await;
    launch(&mut world, "words\n", 3).await;
    world.exit(NAME);
    rest(&mut wait(&world).await).await;
    let mut attached = world.attach(NAME, ALL).await;
    assert_eq!(rest(&mut attached).await, frame("words\n"));
}

#[tokio::test]
async fn rule_7_wait_answers_after_attach_is_flushed_and_closed() {
    let mut world = world().await;
    create(&world).await;
    let mut attached = world.attach(NAME, ALL).await;
    let line = "x".repeat(LINE_BYTES) + "\n";
    let flood = line.repeat(FLOOD_LINES);
    start(&mut world, &flood, 1).await;
    let mut waiting = wait(&world).await;
    world.exit(NAME);
    assert!(
        is_silent(&mut waiting).await,
        "answered while the client had not read"
    );
    let frames = rest(&mut attached).await;
    assert_eq!(frames.len(), FLOOD_LINES * frame(&line).len());
    assert!(rest(&mut waiting).await.contains("{\"StatusCode\":1}"));
}

#[tokio::test]
async fn rule_7_the_output_of_a_failed_build_can_be_read_before_wait_answers() {
    let mut world = world().await;
    let compiler = format!(r#"{{"Image": "{CCENV}", "Cmd": ["go", "build"]}}"#);
    let path = format!("/containers/create?name={NAME}");
    world.expect(201, "POST", &path, compiler).await;
    let mut attached = world.attach(NAME, ALL).await;
    start(&mut world, "kv.go:7: undefined: x\n", 1).await;
    let mut waiting = wait(&world).await;
    world.exit(NAME);
    assert_eq!(rest(&mut attached).await, frame("kv.go:7: undefined: x\n"));
    assert!(is_silent(&mut waiting).await, "answered while the client reads");
    assert!(rest(&mut waiting).await.contains("{\"StatusCode\":1}"));
}

#[tokio::test]
async fn rule_7_wait_does_not_wait_for_ever_for_who_does_not_read() {
    let mut world = world().await;
    create(&world).await;
    let _attached = world.attach(NAME, ALL).await;
    start(
        &mut world,
        &("x".repeat(LINE_BYTES) + "\n").repeat(FLOOD_LINES),
        1,
    )
    .await;
    let mut waiting = wait(&world).await;
    let began = Instant::now();
    world.exit(NAME);
    let answered = tokio::time::timeout(2 * PATIENCE, waiting.peek(&mut [0])).await;
    answered.expect("wait answers").unwrap();
    assert!(began.elapsed().as_secs_f64() > 4.5, "{:?}", began.elapsed());
    assert!(rest(&mut waiting).await.contains("{\"StatusCode\":1}"));
}

#[tokio::test]
async fn rule_7_a_failed_start_closes_attach_first() {
    let world = world().await;
    create(&world).await;
    let attached = world.attach(NAME, ALL).await;
    world.cluster.refuse_pods("exceeded quota: pods");
    let failed = world
        .expect(500, "POST", &format!("/containers/{NAME}/start"), "")
        .await;
    assert!(failed.contains("exceeded quota: pods"), "{failed}");
    // A connection that was closed before the answer is at its end now.
    let mut byte = [0];
    assert_eq!(attached.try_read(&mut byte).ok(), Some(0));
}

#[tokio::test]
async fn rule_8_wait_sends_its_headers_at_once_and_its_body_at_the_exit() {
    let mut world = world().await;
    launch(&mut world, "", 7).await;
    let mut waiting = wait(&world).await;
    assert!(is_silent(&mut waiting).await);
    world.exit(NAME);
    assert_eq!(
        rest(&mut waiting).await,
        "11\r\n{\"StatusCode\":7}\n\r\n0\r\n\r\n"
    );
}

#[tokio::test]
async fn rule_8_conditions_are_dockers() {
    let mut world = world().await;
    create(&world).await;
    let path = |condition| format!("/containers/{NAME}/wait?condition={condition}");
    let answer = world.expect(200, "POST", &path("not-running"), "").await;
    assert!(answer.contains("{\"StatusCode\":0}"), "{answer}");
    world.expect(400, "POST", &path("sometime"), "").await;
    let open = async |condition| {
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: d\r\nconnection: close\r\n\r\n",
            path(condition)
        );
        world.send(head).await
    };
    let (mut next, mut removed) = (open("next-exit").await, open("removed").await);
    head(&mut next).await;
    head(&mut removed).await;
    assert!(is_silent(&mut next).await);
    start(&mut world, "", 5).await;
    world.exit(NAME);
    assert!(rest(&mut next).await.contains("{\"StatusCode\":5}"));
    assert!(is_silent(&mut removed).await);
    world
        .expect(204, "DELETE", &format!("/containers/{NAME}"), "")
        .await;
    assert!(rest(&mut removed).await.contains("{\"StatusCode\":5}"));
}

#[tokio::test]
async fn rule_9_outputs_are_there_after_the_exit_with_their_stat() {
    let mut world = world().await;
    let body = format!(r#"{{"Image": "{CCENV}", "Cmd": ["go", "build"]}}"#);
    let path = format!("/containers/create?name={NAME}");
    world.expect(201, "POST", &path, body).await;
    let output = tar(&[("./chaincode", b"ELF")]).await;
    let script = Script {
        log: vec![],
        exit_code: 0,
        output: Some(output),
    };
    world.play(NAME, NAME, script);
    world
        .expect(204, "POST", &format!("/containers/{NAME}/start"), "")
        .await;
    let of = |path| format!("/containers/{NAME}/archive?path={path}");
    world.expect(409, "GET", &of("/chaincode/output/."), "").await;
    world.exit(NAME);
    rest(&mut wait(&world).await).await;
    let tar = world.expect(200, "GET", &of("/chaincode/output/."), "").await;
    assert!(
        tar.contains("x-docker-container-path-stat: eyJuYW1lIjoiLiIs") && tar.contains("./chaincode"),
        "{tar}"
    );
    let stat = world.expect(200, "HEAD", &of("/chaincode/output/."), "").await;
    assert!(
        stat.contains("x-docker-container-path-stat: eyJuYW1lIjoiLiIs"),
        "{stat}"
    );
    let missing = world.expect(404, "GET", &of("/chaincode/nothing"), "").await;
    assert!(
        missing.contains("Could not find the file /chaincode/nothing in container"),
        "{missing}"
    );
}

#[tokio::test]
async fn rule_6_a_body_in_chunks_is_taken_as_well() {
    let world = world().await;
    create(&world).await;
    let content = gzip(&tar(&[("etc/a", b"1")]).await).await;
    let head = format!(
        "PUT /containers/{NAME}/archive?path=/ HTTP/1.1\r\nhost: d\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    let mut upload = world.send(head).await;
    for part in content.chunks(7) {
        chunk(&mut upload, part).await;
    }
    final_chunk(&mut upload).await;
    assert!(rest(&mut upload).await.starts_with("HTTP/1.1 200 "));
}
