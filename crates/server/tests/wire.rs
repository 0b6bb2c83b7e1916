//! Docker's wire as bytes: a raw client reads them from a real connection. The cluster and the store are the
//! named fakes. Times and orders are those of `docs/architecture.md#wire-rules`.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use engine::ports::{AgentId, Event, LogLine, PodSeen, PodState};
use engine::{End, Engine};
use testkit::{FakeCluster, FakeStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const PATIENCE: Duration = Duration::from_secs(5);
const CREATE: &str = r#"{"Image": "kv", "Cmd": ["chaincode"], "HostConfig": {"NetworkMode": "host"}}"#;

struct Docker {
    address: std::net::SocketAddr,
    engine: Engine,
    cluster: Arc<FakeCluster>,
}

impl Docker {
    /// Starts Docker's listener over an engine that knows the image `kv`.
    async fn new() -> Self {
        Self::with(testkit::FakeImages::default()).await
    }

    /// Starts as [`Docker::new`] does, with these answers about images.
    async fn with(images: testkit::FakeImages) -> Self {
        let (cluster, store) = (Arc::new(FakeCluster::default()), Arc::new(FakeStore::default()));
        let settings = engine::Settings {
            images: Arc::new(images),
            ..testkit::settings("test")
        };
        store.add_built(&settings.scope, "kv", "hyperledger/fabric-baseos:2.5", b"layer");
        let engine = Engine::new(settings, cluster.clone(), store);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = server::Connections::default();
        tokio::spawn(server::docker_listener(
            listener,
            server::docker(engine.clone()),
            connections,
        ));
        Self {
            address,
            engine,
            cluster,
        }
    }

    async fn send(&self, request: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    /// Sends one request on a connection of its own, as go-dockerclient does, and returns the whole answer
    /// without its date.
    async fn call(&self, method: &str, path: &str, body: &str) -> String {
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: d\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        rest(&mut self.send(&request).await).await
    }

    async fn agent(&self, name: &str) -> AgentId {
        let record = self.engine.inspect(name).await.unwrap();
        AgentId {
            start: record.container.starts,
            record: record.name,
            uid: record.uid,
        }
    }

    async fn hear(&self, agent: &AgentId, event: agent_protocol::Event) {
        self.engine
            .observe(Event::Agent(agent.clone(), event))
            .await
            .unwrap();
    }

    async fn exit(&self, agent: &AgentId, exit_code: i64) {
        let event = agent_protocol::Event::Exited {
            exit_code,
            oom_killed: false,
        };
        self.hear(agent, event).await;
    }

    /// Reports as the kubelet that the Pod has ended: its log is complete.
    async fn end_pod(&self, agent: &AgentId) {
        let record = self.engine.inspect("cc").await.unwrap();
        let state = PodState::Ended {
            code: 0,
            end: End::Itself,
        };
        let pod = record.pod_name();
        let agent = agent.clone();
        self.engine
            .observe(Event::Pod(PodSeen {
                agent,
                pod,
                state,
                ending: None,
            }))
            .await
            .unwrap();
    }
}

/// Reads the rest of the answer as text.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await;
    read.expect("the answer ends in time").unwrap();
    without_date(&String::from_utf8(bytes).unwrap())
}

/// Reads up to the end of the headers, included.
async fn head(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    while !text.ends_with("\r\n\r\n") {
        let byte = tokio::time::timeout(PATIENCE, stream.read_u8()).await;
        text.push(byte.expect("the headers come at once").unwrap().into());
    }
    without_date(&text)
}

/// Removes the one line that always differs.
fn without_date(text: &str) -> String {
    let lines = text.split_inclusive('\n');
    lines.filter(|line| !line.starts_with("date: ")).collect()
}

#[tokio::test]
async fn an_error_is_dockers_in_every_byte() {
    let docker = Docker::new().await;
    assert_eq!(
        docker.call("POST", "/containers/cc/stop?t=0", "").await,
        "HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\ncontent-length: 36\r\napi-version: 1.47\r\n\
         docker-experimental: false\r\nostype: linux\r\nserver: chainpod/0.1.0 (linux)\r\nconnection: close\r\n\r\n\
         {\"message\":\"No such container: cc\"}\n"
    );
}

#[tokio::test]
async fn known_texts_and_statuses() {
    let docker = Docker::new().await;
    for (method, path, status, text) in [
        ("GET", "/_ping", 200, "OK"),
        ("GET", "/v1.54/_ping", 200, "OK"),
        (
            "GET",
            "/version",
            200,
            "\"ApiVersion\":\"1.47\",\"MinAPIVersion\":\"1.24\"",
        ),
        (
            "GET",
            "/images/hyperledger/fabric-ccenv:2.5/json",
            404,
            "No such image: hyperledger/fabric-ccenv:2.5",
        ),
        ("GET", "/v1.25/images/kv/json", 200, "\"Id\":\"sha256:"),
        (
            "POST",
            "/images/create?fromImage=hyperledger%2Ffabric-ccenv%3A2.5",
            200,
            "{\"id\":\"2.5\",\"status\":\"Pulling from hyperledger/fabric-ccenv\"}",
        ),
        (
            "POST",
            "/images/create?fromImage=busybox&tag=sha256:5c7a9c8f21b34d0e9b5f1d2c3a4b5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f",
            200,
            "{\"id\":\"sha256:5c7a9c8f21b34d0e9b5f1d2c3a4b5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f\",\
             \"status\":\"Pulling from library/busybox\"}",
        ),
        (
            "GET",
            "/images/hyperledger/fabric-ccenv:2.5/json",
            200,
            "\"RepoTags\":[\"hyperledger/fabric-ccenv:2.5\"]",
        ),
        (
            "POST",
            "/containers/cc/kill",
            404,
            "cannot kill container: cc: No such container: cc",
        ),
        ("DELETE", "/containers/cc?force=1", 404, "No such container: cc"),
        (
            "GET",
            "/containers/cc/logs?stdout=1",
            404,
            "No such container: cc",
        ),
        (
            "GET",
            "/containers/cc/logs",
            400,
            "Bad parameters: you must choose at least one stream",
        ),
        ("GET", "/nothing", 404, "page not found"),
        ("PUT", "/version", 404, "page not found"),
        (
            "POST",
            "/containers/create",
            400,
            "invalid JSON: got EOF while reading request body",
        ),
    ] {
        let answer = docker.call(method, path, "").await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")) && answer.contains(text),
            "{method} {path}: {answer}"
        );
    }
}

#[tokio::test]
async fn create_answers_warnings_and_refuses_rights() {
    let docker = Docker::new().await;
    let answer = docker.call("POST", "/containers/create?name=a", CREATE).await;
    assert!(answer.ends_with(",\"Warnings\":[]}"), "{answer}");
    let taken = docker.call("POST", "/containers/create?name=a", CREATE).await;
    assert!(
        taken.starts_with("HTTP/1.1 409 ") && taken.contains("already in use"),
        "{taken}"
    );
    let privileged = r#"{"Image": "kv", "Cmd": ["x"], "HostConfig": {"Privileged": true}}"#;
    let refused = docker.call("POST", "/containers/create?name=b", privileged).await;
    assert!(
        refused.starts_with("HTTP/1.1 400 ") && refused.contains("HostConfig.Privileged"),
        "{refused}"
    );
}

#[tokio::test]
async fn what_of_a_create_request_is_not_done_is_said() {
    let docker = Docker::new().await;
    for (fields, status, text) in [
        (
            r#""Hostname": "Not_Legal""#,
            201,
            r#"Hostname \"Not_Legal\" is ignored: "#,
        ),
        (r#""Hostname": "kv""#, 201, r#""Warnings":[]"#),
        (
            r#""User": "chaincode""#,
            201,
            r#"User \"chaincode\" is ignored, except for numbers: "#,
        ),
        (r#""User": "7:root""#, 201, r#""Warnings":[]"#),
        (
            r#""OpenStdin": true"#,
            201,
            "OpenStdin is ignored: the program's input is empty",
        ),
        (
            r#""ExposedPorts": {"80": {}, "53/UDP": {}}"#,
            201,
            r#""Warnings":[]"#,
        ),
        (r#""ExposedPorts": {"0/tcp": {}}"#, 400, "invalid ExposedPorts"),
        (r#""Env": ["A=1", "=2"]"#, 400, "invalid environment variable: =2"),
        (
            r#""HostConfig": {"ExtraHosts": ["a"]}"#,
            400,
            "bad format for add-host",
        ),
        (r#""HostConfig": {"Dns": ["dns.example"]}"#, 400, "HostConfig.Dns"),
        (r#""NoSuchField": {"a": 1}"#, 201, r#""Warnings":[]"#),
    ] {
        let body = format!(r#"{{"Image": "kv", "Cmd": ["x"], {fields}}}"#);
        let answer = docker.call("POST", "/containers/create", &body).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")) && answer.contains(text),
            "{fields}: {answer}"
        );
    }
}

#[tokio::test]
async fn an_image_that_is_not_allowed_is_forbidden() {
    let images = testkit::FakeImages {
        forbidden: Some("evil:1".to_owned()),
        ..testkit::FakeImages::default()
    };
    let docker = Docker::with(images).await;
    let pulled = docker
        .call("POST", "/images/create?fromImage=evil&tag=1", "")
        .await;
    assert!(
        pulled.starts_with("HTTP/1.1 403 ")
            && pulled.contains(r#"{"message":"image evil:1 is not allowed"}"#),
        "{pulled}"
    );
}

#[tokio::test]
async fn a_terminals_output_has_no_frames() {
    let docker = Docker::new().await;
    docker.cluster.set_log(vec![LogLine {
        time: jiff::Timestamp::UNIX_EPOCH,
        text: Bytes::from_static(b"words\n"),
    }]);
    let body = r#"{"Image": "kv", "Cmd": ["x"], "Tty": true}"#;
    docker.call("POST", "/containers/create?name=cc", body).await;
    let inspected = docker.call("GET", "/containers/cc/json", "").await;
    assert!(inspected.contains(r#""Tty":true"#), "{inspected}");
    let (_, ()) = tokio::join!(docker.call("POST", "/containers/cc/start", ""), async {
        docker.cluster.launched().await;
        let agent = docker.agent("cc").await;
        docker.hear(&agent, agent_protocol::Event::Started).await;
        docker.exit(&agent, 0).await;
        docker.end_pod(&agent).await;
    });
    let logs = docker.call("GET", "/containers/cc/logs?stdout=1", "").await;
    assert!(logs.contains("application/vnd.docker.raw-stream"), "{logs}");
    assert!(logs.contains("words\r\n") && !logs.contains('\u{1}'), "{logs}");
    let request = "POST /containers/cc/attach?logs=1&stream=1&stdout=1 HTTP/1.1\r\nhost: d\r\n\
                   connection: Upgrade\r\nupgrade: tcp\r\ncontent-length: 0\r\n\r\n";
    let mut attached = docker.send(request).await;
    let head = head(&mut attached).await;
    assert!(head.contains("application/vnd.docker.raw-stream"), "{head}");
    assert_eq!(rest(&mut attached).await, "words\r\n");
}

#[tokio::test]
async fn the_pieces_of_a_long_line_have_one_timestamp() {
    let docker = Docker::new().await;
    let piece = |text: &'static str| LogLine {
        time: jiff::Timestamp::UNIX_EPOCH,
        text: Bytes::from_static(text.as_bytes()),
    };
    docker.cluster.set_log(["a", "b\n", "c\n"].map(piece).into());
    docker.call("POST", "/containers/create?name=cc", CREATE).await;
    let (_, ()) = tokio::join!(docker.call("POST", "/containers/cc/start", ""), async {
        docker.cluster.launched().await;
        let agent = docker.agent("cc").await;
        docker.hear(&agent, agent_protocol::Event::Started).await;
    });
    let path = "/containers/cc/logs?stdout=1&timestamps=1";
    let logs = docker.call("GET", path, "").await;
    let timestamp = "1970-01-01T00:00:00.000000000Z ";
    let frames = [
        format!("{timestamp}a"),
        "b\n".to_owned(),
        format!("{timestamp}c\n"),
    ];
    for frame in frames {
        let length = char::from(u8::try_from(frame.len()).unwrap());
        let frame = format!("\r\n\u{1}\0\0\0\0\0\0{length}{frame}\r\n");
        assert!(logs.contains(&frame), "{frame:?} is not in {logs:?}");
    }
}

#[tokio::test]
async fn attach_is_hijacked_and_outlives_a_half_close() {
    let docker = Docker::new().await;
    docker.cluster.set_log(vec![LogLine {
        time: jiff::Timestamp::UNIX_EPOCH,
        text: Bytes::from_static(b"first words\n"),
    }]);
    docker.call("POST", "/containers/create?name=cc", CREATE).await;
    let request = "POST /containers/cc/attach?logs=1&stream=1&stdout=1&stderr=1 HTTP/1.1\r\nhost: d\r\n\
                   connection: Upgrade\r\nupgrade: tcp\r\ncontent-length: 0\r\n\r\n";
    let mut attached = docker.send(request).await;
    attached.shutdown().await.unwrap();
    assert_eq!(
        head(&mut attached).await,
        "HTTP/1.1 101 UPGRADED\r\ncontent-type: application/vnd.docker.multiplexed-stream\r\nconnection: Upgrade\r\n\
         upgrade: tcp\r\n\r\n"
    );
    let (started, agent) = tokio::join!(docker.call("POST", "/containers/cc/start", ""), async {
        docker.cluster.launched().await;
        let agent = docker.agent("cc").await;
        docker.hear(&agent, agent_protocol::Event::Started).await;
        agent
    });
    assert!(started.starts_with("HTTP/1.1 204 "), "{started}");
    docker.exit(&agent, 0).await;
    docker.end_pod(&agent).await;
    assert_eq!(rest(&mut attached).await, "\u{1}\0\0\0\0\0\0\u{c}first words\n");
}

#[tokio::test]
async fn what_is_wrong_with_a_query_is_said_as_docker_says_its_errors() {
    let docker = Docker::new().await;
    for (method, path) in [
        ("GET", "/containers/cc/archive"),
        ("POST", "/containers/cc/stop?t=soon"),
        ("GET", "/containers/json?filters=name"),
        ("GET", "/containers/json?filters=%7B%22nothing%22:%5B%5D%7D"),
    ] {
        let answer = docker.call(method, path, "").await;
        assert!(
            answer.starts_with("HTTP/1.1 400 ") && answer.contains("\r\n\r\n{\"message\":\""),
            "{path}: {answer}"
        );
    }
}

#[tokio::test]
async fn a_body_of_many_tiny_values_is_400() {
    let docker = Docker::new().await;
    for body in [
        format!(r#"{{"Image": "kv", "Env": [{}"A=1"]}}"#, r#""A=1","#.repeat(5000)),
        format!(r#"{{"Image": "kv", "Unknown": [{}0]}}"#, "0,".repeat(200_000)),
    ] {
        let answer = docker.call("POST", "/containers/create?name=cc", &body).await;
        let text = "{\"message\":\"invalid JSON: it has more than 4096 names, values and elements";
        assert!(
            answer.starts_with("HTTP/1.1 400 ") && answer.contains(text),
            "{answer}"
        );
    }
    let long = format!(r#"{{"Image": "kv", "Env": ["A={}"]}}"#, "x".repeat(1 << 20));
    let answer = docker.call("POST", "/containers/create?name=cc", &long).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}

/// The only place for connections of this address is free again once its client is gone.
#[tokio::test]
async fn a_wait_a_start_and_followed_logs_end_with_their_client() {
    let mut docker = Docker::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    docker.call("POST", "/containers/create?name=cc", CREATE).await;
    docker.address = listener.local_addr().unwrap();
    tokio::spawn(server::docker_listener(
        listener,
        server::docker(docker.engine.clone()),
        server::Connections::new(4),
    ));
    for call in [
        "POST /containers/cc/wait?condition=next-exit",
        "POST /containers/cc/start",
        "GET /containers/cc/logs?follow=1&stdout=1",
    ] {
        let client = docker
            .send(&format!(
                "{call} HTTP/1.1\r\nhost: d\r\ncontent-length: 0\r\n\r\n"
            ))
            .await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        let refused = docker.call("GET", "/_ping", "").await;
        assert!(refused.starts_with("HTTP/1.1 503 "), "{call}: {refused}");
        drop(client);
        let freed = async {
            while !docker
                .call("GET", "/_ping", "")
                .await
                .starts_with("HTTP/1.1 200 ")
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let freed = tokio::time::timeout(PATIENCE, freed).await;
        assert!(freed.is_ok(), "{call} goes on");
    }
}
