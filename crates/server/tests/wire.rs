//! Docker's wire as bytes: what a raw client reads from a real connection. The
//! cluster and the store are the named fakes; times and orders are design §3's.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use engine::name::Scope;
use engine::ports::{AgentId, Event, LogLine, PodSeen, PodState};
use engine::token::TokenKey;
use engine::{Engine, Settings};
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
    /// Docker's listener over an engine that knows the image `kv`.
    async fn new() -> Self {
        let (cluster, store) = (Arc::new(FakeCluster::default()), Arc::new(FakeStore::default()));
        let scope = Scope("test".to_owned());
        store.add_built(&scope, "kv", "hyperledger/fabric-baseos:2.5", b"layer");
        let settings = Settings {
            scope,
            agent_url: "https://127.0.0.1:1".to_owned(),
            token_key: TokenKey::new([1; 32]),
        };
        let engine = Engine::new(settings, cluster.clone(), store);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(server::docker_listener(listener, server::docker(engine.clone())));
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

    /// One request on a connection of its own, as go-dockerclient does; the whole answer without its date.
    async fn call(&self, method: &str, path: &str, body: &str) -> String {
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: d\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        rest(&mut self.send(&request).await).await
    }

    /// Creates and starts a container; its agent.
    async fn start(&self, name: &str) -> AgentId {
        let created = self
            .call("POST", &format!("/containers/create?name={name}"), CREATE)
            .await;
        assert!(created.starts_with("HTTP/1.1 201 Created\r\n"), "{created}");
        let path = format!("/containers/{name}/start");
        let (started, agent) = tokio::join!(self.call("POST", &path, ""), async {
            self.cluster.launched().await;
            let agent = self.agent(name).await;
            self.hear(&agent, agent_protocol::Event::Started).await;
            agent
        });
        assert!(started.starts_with("HTTP/1.1 204 No Content\r\n"), "{started}");
        agent
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
        self.engine.observe(Event::Agent(agent.clone(), event)).await;
    }

    async fn exit(&self, agent: &AgentId, exit_code: i64) {
        let event = agent_protocol::Event::Exited {
            exit_code,
            oom_killed: false,
        };
        self.hear(agent, event).await;
    }

    /// The kubelet says that the Pod has ended: its log is complete.
    async fn end_pod(&self, agent: &AgentId) {
        let record = self.engine.inspect("cc").await.unwrap();
        let state = PodState::Ended {
            code: 0,
            oom_killed: false,
            message: String::new(),
        };
        let pod = record.pod_name();
        let agent = agent.clone();
        self.engine
            .observe(Event::Pod(PodSeen { agent, pod, state }))
            .await;
    }
}

/// What is left to read, as text.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await;
    read.expect("the answer ends in time").unwrap();
    without_date(&String::from_utf8(bytes).unwrap())
}

/// What can be read up to and with the end of the headers.
async fn head(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    while !text.ends_with("\r\n\r\n") {
        let byte = tokio::time::timeout(PATIENCE, stream.read_u8()).await;
        text.push(byte.expect("the headers come at once").unwrap().into());
    }
    without_date(&text)
}

/// The one line that is never the same.
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
            "Pulling from hyperledger/fabric-ccenv",
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
            "not a container's configuration",
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
async fn wait_sends_its_headers_at_once_and_its_body_at_the_exit() {
    let docker = Docker::new().await;
    let agent = docker.start("cc").await;
    let mut waiting = docker
        .send(
            "POST /containers/cc/wait HTTP/1.1\r\nhost: d\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
        )
        .await;
    let headers = head(&mut waiting).await;
    assert!(headers.starts_with("HTTP/1.1 200 OK\r\n"), "{headers}");
    assert!(headers.contains("transfer-encoding: chunked\r\n"), "{headers}");
    docker.exit(&agent, 7).await;
    assert_eq!(
        rest(&mut waiting).await,
        "11\r\n{\"StatusCode\":7}\n\r\n0\r\n\r\n"
    );
}

#[tokio::test]
async fn a_build_whose_final_chunk_is_missing_is_none() {
    let docker = Docker::new().await;
    let mut build = docker
        .send("POST /build?t=x HTTP/1.1\r\nhost: d\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n")
        .await;
    build.shutdown().await.unwrap();
    let answer = rest(&mut build).await;
    assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn stop_says_whether_there_was_something_to_stop() {
    let docker = Docker::new().await;
    let agent = docker.start("cc").await;
    docker.exit(&agent, 7).await;
    let stopped = docker.call("POST", "/containers/cc/stop?t=0", "").await;
    assert!(stopped.starts_with("HTTP/1.1 304 Not Modified\r\n"), "{stopped}");
    let killed = docker.call("POST", "/containers/cc/kill", "").await;
    assert!(
        killed.starts_with("HTTP/1.1 409 ") && killed.contains(" is not running"),
        "{killed}"
    );
    let removed = docker.call("DELETE", "/containers/cc?force=1", "").await;
    assert!(removed.starts_with("HTTP/1.1 204 No Content\r\n"), "{removed}");
}

/// A log of three seconds, a line in each.
fn log() -> Vec<LogLine> {
    let line = |(second, text): (i64, &'static str)| LogLine {
        time: jiff::Timestamp::from_second(second).unwrap(),
        text: Bytes::from_static(text.as_bytes()),
    };
    [(1, "one\n"), (2, "two\n"), (3, "three\n")].map(line).to_vec()
}

#[tokio::test]
async fn logs_are_cut_to_what_is_asked_for() {
    let docker = Docker::new().await;
    docker.cluster.set_log(log());
    docker.call("POST", "/containers/create?name=never", CREATE).await;
    docker.start("cc").await;
    let (one, two, three) = (
        "\u{1}\0\0\0\0\0\0\u{4}one\n",
        "\u{1}\0\0\0\0\0\0\u{4}two\n",
        "\u{1}\0\0\0\0\0\0\u{6}three\n",
    );
    for (of, query, expected) in [
        ("cc", "", [one, two, three].concat()),
        ("cc", "&tail=all", [one, two, three].concat()),
        ("cc", "&tail=2", [two, three].concat()),
        ("cc", "&tail=0", String::new()),
        ("cc", "&since=2", [two, three].concat()),
        ("cc", "&until=2.5", [one, two].concat()),
        ("cc", "&until=2.5&tail=1", two.to_owned()),
        (
            "cc",
            "&since=3&timestamps=1",
            "\u{1}\0\0\0\0\0\0\u{25}1970-01-01T00:00:03.000000000Z three\n".to_owned(),
        ),
        ("never", "&follow=1", String::new()),
    ] {
        let answer = docker
            .call("GET", &format!("/containers/{of}/logs?stdout=1{query}"), "")
            .await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(
            head.contains("\r\ncontent-type: application/vnd.docker.multiplexed-stream\r\n"),
            "{head}"
        );
        assert_eq!(unchunked(body), expected, "{of} {query}");
    }
}

#[tokio::test]
async fn followed_logs_end_with_the_program() {
    let docker = Docker::new().await;
    docker.cluster.set_log(log());
    let agent = docker.start("cc").await;
    let mut following = docker
        .send("GET /v1.41/containers/cc/logs?stderr=1&follow=1&tail=1 HTTP/1.1\r\nhost: d\r\nconnection: close\r\n\r\n")
        .await;
    let headers = head(&mut following).await;
    assert!(
        headers.contains("\r\ncontent-type: application/vnd.docker.raw-stream\r\n"),
        "{headers}"
    );
    docker.exit(&agent, 0).await;
    docker.end_pod(&agent).await;
    assert_eq!(
        unchunked(&rest(&mut following).await),
        "\u{1}\0\0\0\0\0\0\u{6}three\n"
    );
}

/// A chunked body's content.
fn unchunked(mut body: &str) -> String {
    let mut content = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        content.push_str(&rest[..size]);
        body = &rest[size + 2..];
    }
    content
}

#[tokio::test]
async fn containers_are_listed_inspected_and_found_by_name_id_and_prefix() {
    let docker = Docker::new().await;
    let agent = docker.start("cc").await;
    docker.call("POST", "/containers/create?name=other", CREATE).await;
    let id = docker.engine.inspect("cc").await.unwrap().container.id.0;
    for reference in ["cc", &id, &id[..12]] {
        let answer = docker
            .call("GET", &format!("/containers/{reference}/json"), "")
            .await;
        assert!(
            answer.starts_with("HTTP/1.1 200 ") && answer.contains("\"Name\":\"/cc\""),
            "{answer}"
        );
        assert!(
            answer.contains("\"Status\":\"running\",\"Running\":true"),
            "{answer}"
        );
    }
    for (query, names) in [
        ("", &["/cc"][..]),
        ("?all=1", &["/other", "/cc"]),
        ("?limit=1", &["/other"]),
        ("?all=1&filters={\"name\":[\"oth\"]}", &["/other"]),
        ("?filters={\"status\":[\"created\"]}", &["/other"]),
        ("?filters={\"ancestor\":[\"kv\"]}", &["/cc"]),
        ("?filters={\"ancestor\":[\"ccenv\"]}", &[]),
        ("?all=1&filters={\"label\":{\"a=b\":true}}", &[]),
        (&format!("?filters={{\"id\":[\"{}\"]}}", &id[..8]), &["/cc"]),
    ] {
        let path = format!(
            "/containers/json{}",
            query.replace('"', "%22").replace('{', "%7B").replace('}', "%7D")
        );
        let answer = docker.call("GET", &path, "").await;
        let (_, rows) = answer.split_once("\r\n\r\n").unwrap();
        let rows: Vec<serde_json::Value> = serde_json::from_str(rows).unwrap();
        let found: Vec<_> = rows.iter().map(|row| row["Names"][0].as_str().unwrap()).collect();
        assert_eq!(found, names, "{query}");
    }
    docker.exit(&agent, 3).await;
    let answer = docker.call("GET", "/containers/json?all=1", "").await;
    assert!(
        answer.contains("\"Status\":\"Exited (3) Less than a second ago\""),
        "{answer}"
    );
}

#[tokio::test]
async fn images_are_listed_and_removed_unless_a_container_was_made_from_them() {
    let docker = Docker::new().await;
    docker
        .call(
            "POST",
            "/images/create?fromImage=hyperledger/fabric-ccenv&tag=2.5",
            "",
        )
        .await;
    let list = docker.call("GET", "/images/json", "").await;
    assert!(
        list.contains("[\"kv\"]") && list.contains("[\"hyperledger/fabric-ccenv:2.5\"]"),
        "{list}"
    );
    docker.call("POST", "/containers/create?name=cc", CREATE).await;
    let used = docker.call("DELETE", "/images/kv", "").await;
    assert!(
        used.starts_with("HTTP/1.1 409 ") && used.contains("conflict: unable to remove"),
        "{used}"
    );
    for (path, answer) in [
        ("/images/kv?force=1", "200"),
        ("/images/kv", "404"),
        ("/images/hyperledger/fabric-ccenv:2.5", "200"),
    ] {
        let removed = docker.call("DELETE", path, "").await;
        assert!(
            removed.starts_with(&format!("HTTP/1.1 {answer} ")),
            "{path}: {removed}"
        );
    }
    let list = docker.call("GET", "/images/json", "").await;
    assert!(list.ends_with("\r\n\r\n[]"), "{list}");
}

#[tokio::test]
async fn what_docker_has_and_chainpod_has_not_is_refused_with_a_sentence() {
    let docker = Docker::new().await;
    for row in &server::ABSENT {
        for path in row.paths {
            let path = path
                .replace("{id}", "cc")
                .replace("{name}", "a/b")
                .replace("{path}", "x/y");
            let answer = docker.call("POST", &path, "").await;
            assert!(
                answer.starts_with("HTTP/1.1 501 ") && answer.contains(row.instead),
                "{path}: {answer}"
            );
        }
    }
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
