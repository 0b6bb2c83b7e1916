//! The command itself, as a process: its settings, its log, its listeners, its end.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use harness::chainpod::Chainpod;
use harness::lab;
use lab::docker::{Docker, tar};
use lab::progress::Progress;
use serde_json::{Value, json};

/// The time limit for a process that has nothing to wait for to exit.
const END_LIMIT: Duration = Duration::from_secs(5);
const PING: &str = "GET /_ping HTTP/1.1\r\nhost: docker\r\nconnection: close\r\n\r\n";

fn answer(mut stream: impl Read + Write, request: &str) -> String {
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// A build whose body has begun and not ended, as a peer's while it compiles.
fn open_build(chainpod: &Chainpod) -> TcpStream {
    let mut build = TcpStream::connect(chainpod.docker()).unwrap();
    let head = "POST /build?t=idle HTTP/1.1\r\nhost: docker\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n";
    build.write_all(head.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    build
}

/// The rest of it; its answer.
fn end_build(mut build: TcpStream) -> String {
    let context = tar(&[("Dockerfile", b"FROM hyperledger/fabric-baseos:2.5\n")]).unwrap();
    write!(build, "{:x}\r\n", context.len()).unwrap();
    build.write_all(&context).unwrap();
    answer(build, "\r\n0\r\n\r\n")
}

#[test]
fn told_to_end_it_serves_until_the_open_build_has_ended() {
    let (cluster, daemon) = lab(&Progress::new("command"));
    let mut chainpod = Chainpod::start(&cluster, &daemon, "command-term").unwrap();
    let build = open_build(&chainpod);
    chainpod.terminate();
    assert!(chainpod.ended_within(Duration::from_secs(3)).unwrap().is_none());
    let ping = answer(TcpStream::connect(chainpod.docker()).unwrap(), PING);
    assert!(ping.starts_with("HTTP/1.1 200"), "{ping}");
    let built = end_build(build);
    assert!(built.starts_with("HTTP/1.1 200"), "{built}");
    let status = chainpod.ended_within(END_LIMIT).unwrap().unwrap();
    assert_eq!(status.code(), Some(0), "{}", chainpod.log());
}

#[test]
fn told_twice_it_ends_at_once() {
    let (cluster, daemon) = lab(&Progress::new("command"));
    let mut chainpod = Chainpod::start(&cluster, &daemon, "command-term-twice").unwrap();
    let _build = open_build(&chainpod);
    chainpod.terminate();
    assert!(chainpod.ended_within(Duration::from_secs(1)).unwrap().is_none());
    let told = Instant::now();
    chainpod.terminate();
    let status = chainpod.ended_within(END_LIMIT).unwrap().unwrap();
    assert!(told.elapsed() < Duration::from_secs(1), "{:?}", told.elapsed());
    assert_eq!(status.code(), Some(1));
    assert!(chainpod.log().contains("1 builds or launches were cut off"));
}

#[test]
fn it_says_what_it_found_and_listens_where_it_is_told() {
    let (cluster, daemon) = lab(&Progress::new("command"));
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("docker.sock");
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    let option = format!("--listen=unix://{}", socket.display());
    let mut chainpod = Chainpod::start_with(&cluster, &daemon, "command-found", &[option]).unwrap();
    let ping = answer(UnixStream::connect(&socket).unwrap(), PING);
    assert!(ping.ends_with("OK"), "{ping}");

    let log = chainpod.log();
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(lines.iter().all(|line| line["level"] != "ERROR"), "{log}");
    let found = lines.iter().find(|line| line["fields"]["message"] == "serving");
    let found = &found.unwrap()["fields"];
    let docker = format!("{},unix://{}", chainpod.endpoint(), socket.display());
    for (field, value) in [
        ("docker", docker.as_str()),
        ("namespace", "command-found"),
        ("kubernetes", "v1.36.3"),
    ] {
        assert_eq!(found[field], value, "{found}");
    }

    chainpod.terminate();
    let status = chainpod.ended_within(END_LIMIT).unwrap().unwrap();
    assert_eq!(status.code(), Some(0));
    assert!(!socket.exists());
}

#[test]
fn lines_about_a_container_name_its_chaincode_and_peer() {
    let (cluster, daemon) = lab(&Progress::new("command"));
    let chainpod = Chainpod::start(&cluster, &daemon, "command-log").unwrap();
    let docker = Docker::new(chainpod.docker());
    let context = tar(&[("Dockerfile", b"FROM hyperledger/fabric-baseos:2.5\n")]).unwrap();
    docker.build("log", &context).unwrap();
    let name = format!("dev-peer0.org1.example.com-kv_1-{}", "0a".repeat(32));
    let program = ["/bin/sh", "-c", "exec sleep 600"];
    docker
        .create(&name, &json!({"Image": "log", "Cmd": program}))
        .unwrap();
    docker.start(&name).unwrap();
    docker.remove(&name).unwrap();

    let log = chainpod.log();
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let about = lines.iter().filter(|line| {
        let path = line["fields"]["path"].as_str().unwrap_or_default();
        let record = line["fields"]["record"].is_string();
        path.starts_with("/containers/") || record || line["fields"]["message"] == "created"
    });
    let about: Vec<_> = about.collect();
    // Created; create, start and remove answered; the agent spoke.
    assert!(about.len() >= 5, "{log}");
    for line in about {
        let span = &line["span"];
        assert_eq!(
            (&span["chaincode"], &span["peer"]),
            (&json!("kv_1"), &json!("peer0.org1.example.com")),
            "{line}"
        );
    }
}

#[test]
fn each_missing_permission_is_named() {
    let (cluster, daemon) = lab(&Progress::new("command"));
    let chainpod = Chainpod::start(&cluster, &daemon, "command-role-cut").unwrap();
    let patch = r#"[{"op": "remove", "path": "/rules/1/verbs/4"}, {"op": "remove", "path": "/rules/2"}]"#;
    let role = ["--namespace", chainpod.namespace(), "patch", "role", "chainpod"];
    cluster
        .kubectl(&[&role[..], &["--type=json", "--patch", patch]].concat())
        .unwrap();
    let mut may = cluster.kubectl_command();
    may.args([
        "--namespace",
        chainpod.namespace(),
        "auth",
        "can-i",
        "delete",
        "pods",
    ]);
    may.env("KUBECONFIG", chainpod.kubeconfig());
    cluster
        .wait_for("the cut role to count", || {
            !may.output().unwrap().status.success()
        })
        .unwrap();
    // A second one, which ends by itself: there is no such folder for its store.
    chainpod.let_lead("chainpod").unwrap();
    let output = Command::new(daemon)
        .args([
            "serve",
            "--agent-listen=127.0.0.1:1",
            "--store=/proc/no/such",
            "--admin-listen=none",
        ])
        .args(["--namespace", chainpod.namespace(), "--kubeconfig"])
        .arg(chainpod.kubeconfig())
        .output()
        .unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    let missing: Vec<_> = log
        .lines()
        .filter(|line| line.contains("a permission is missing"))
        .collect();
    assert_eq!(missing.len(), 2, "{log}");
    for (line, permission) in missing.iter().zip(["delete pods", "get pods/log"]) {
        assert!(line.contains(&format!("permission={permission} ")), "{line}");
        assert!(line.contains("role.yaml") && !line.contains('\u{1b}'), "{line}");
    }
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn what_is_wrong_is_told_at_once_with_its_own_exit_code() {
    let (_, daemon) = lab(&Progress::new("command"));
    let run = |arguments: &[&str]| -> (Option<i32>, String) {
        let Output {
            status,
            stdout,
            stderr,
        } = Command::new(&daemon).args(arguments).output().unwrap();
        (
            status.code(),
            String::from_utf8([stdout, stderr].concat()).unwrap(),
        )
    };
    let (code, text) = run(&["serve", "--listen=2375", "--namespace=A", "--tls-cert=/no/such"]);
    assert_eq!((code, text.lines().count()), (Some(78), 5), "{text}");
    let (code, text) = run(&["serve", "--lisen=2375"]);
    assert_eq!(code, Some(64), "{text}");
    let (code, text) = run(&["serve", "--help"]);
    assert!(
        code == Some(0) && text.contains("CHAINPOD_TLS_CLIENT_CA"),
        "{text}"
    );
    let (code, text) = run(&["--version"]);
    assert!(code == Some(0) && text.starts_with("chainpod "), "{text}");
}
