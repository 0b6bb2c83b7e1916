//! `chainpod serve` as a process, before there is a cluster and after.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const CHAINPOD: &str = env!("CARGO_BIN_EXE_chainpod");
/// The time limit for anything that happens at once.
const AT_ONCE: Duration = Duration::from_secs(10);

/// A `chainpod serve` of a cluster that is not there yet.
struct Starting {
    child: Child,
    folder: tempfile::TempDir,
    docker: SocketAddr,
    admin: SocketAddr,
    kubernetes: SocketAddr,
}

fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

impl Starting {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [docker, admin, agents, kubernetes] = [free(), free(), free(), free()];
        let kubeconfig = folder.path().join("kubeconfig");
        let text = format!(
            "{{current-context: a, contexts: [{{name: a, context: {{cluster: a, user: a, namespace: fabric}}}}], \
             users: [{{name: a, user: {{}}}}], clusters: [{{name: a, cluster: {{server: 'http://{kubernetes}'}}}}]}}"
        );
        fs::write(&kubeconfig, text).unwrap();
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let child = Command::new(CHAINPOD)
            .args(["serve", "--log-format=json"])
            .args(["--listen", &format!("tcp://{docker}")])
            .args(["--admin-listen", &admin.to_string()])
            .args(["--agent-listen", &agents.to_string()])
            .arg("--store")
            .arg(folder.path().join("store"))
            .arg("--kubeconfig")
            .arg(kubeconfig)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut starting = Self {
            child,
            folder,
            docker,
            admin,
            kubernetes,
        };
        starting.listens();
        starting
    }

    fn listens(&mut self) {
        let begin = Instant::now();
        while TcpStream::connect(self.admin).is_err() {
            assert!(begin.elapsed() < AT_ONCE, "{}", self.log());
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// Sends it SIGTERM, and waits for its end.
    fn ends(&mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        let killed = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(killed.unwrap().success());
        self.ended()
    }

    fn ended(&mut self) -> ExitStatus {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begin.elapsed() < AT_ONCE, "{}", self.log());
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn send(address: SocketAddr, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!("{request} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream.set_read_timeout(Some(AT_ONCE)).unwrap();
    stream
}

fn answer(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn call(address: SocketAddr, request: &str) -> String {
    answer(send(address, request))
}

/// An API server without objects: it returns what is created, and finds nothing.
#[derive(Clone, Default)]
struct Api {
    /// Another process holds the Lease.
    is_led: Arc<AtomicBool>,
}

const VERSION: &str = r#"{"major": "1", "minor": "36", "gitVersion": "v1.36.0", "gitCommit": "", "gitTreeState": "",
    "buildDate": "", "goVersion": "", "compiler": "", "platform": ""}"#;
const LIST: &str =
    r#"{"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": []}"#;
const NONE: &str =
    r#"{"kind": "Status", "status": "Failure", "reason": "NotFound", "message": "none", "code": 404}"#;
const LEASE: &str = r#"{"kind": "Lease", "apiVersion": "coordination.k8s.io/v1", "metadata": {"name": "chainpod-chainpod"},
    "spec": {"holderIdentity": "another"}}"#;

impl Api {
    fn serve(&self, address: SocketAddr) {
        let (api, listener) = (self.clone(), TcpListener::bind(address).unwrap());
        thread::spawn(move || {
            for stream in listener.incoming() {
                let api = api.clone();
                thread::spawn(move || api.answer(stream.unwrap()));
            }
        });
    }

    fn answer(&self, mut stream: TcpStream) {
        let (mut head, mut byte) = (String::new(), [0]);
        while !head.ends_with("\r\n\r\n") {
            if stream.read(&mut byte).unwrap_or(0) == 0 {
                return;
            }
            head.push(byte[0] as char);
        }
        let head = head.to_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        stream.read_exact(&mut body).unwrap();
        let (status, answer) = self.to(head.lines().next().unwrap(), &String::from_utf8(body).unwrap());
        let length = answer.len();
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
        );
        // A client that has gone needs no answer.
        let _ = stream.write_all((head + &answer).as_bytes());
    }

    fn to(&self, request: &str, body: &str) -> (u16, String) {
        let is = |what: &str| request.contains(what);
        match () {
            () if is("watch=true") => {
                thread::sleep(Duration::from_secs(60));
                (200, String::new())
            }
            () if is("get /version") => (200, VERSION.to_owned()),
            () if is("selfsubjectaccessreviews") => {
                let allowed = "\"status\":{\"allowed\":true},\"spec\"";
                (201, body.replace("\"spec\"", allowed))
            }
            () if is("post ") => (201, body.to_owned()),
            () if is("/leases/") && self.is_led.load(Ordering::Relaxed) => (200, LEASE.to_owned()),
            () if is("/secrets/") || is("/leases/") => (404, NONE.to_owned()),
            () => (200, LIST.to_owned()),
        }
    }
}

#[test]
fn without_a_cluster_pings_are_answered_and_readiness_says_what_is_missing() {
    let mut starting = Starting::new();
    for request in ["GET /_ping", "HEAD /_ping", "GET /v1.44/version"] {
        let answer = call(starting.docker, request);
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{request}: {answer}");
    }
    let begin = Instant::now();
    let told = loop {
        let told = call(starting.admin, "GET /readyz");
        if told.contains("does not answer: ") || begin.elapsed() > AT_ONCE {
            break told;
        }
    };
    let server = starting.kubernetes;
    assert!(told.contains("[+]agent-address ok\n"), "{told}");
    assert!(
        told.contains(&format!(
            "[-]kubernetes failed: the kubernetes api server at http://{server}/ does not answer: "
        )),
        "{told}"
    );
    assert!(told.contains("[-]lease failed: not yet"), "{told}");
    assert!(
        starting.log().contains("waiting for kubernetes"),
        "{}",
        starting.log()
    );
    assert!(call(starting.admin, "GET /livez").ends_with("\r\n\r\nok"));
    assert!(starting.ends().success());
    assert!(
        starting.log().contains("ended before it served"),
        "{}",
        starting.log()
    );
}

#[test]
fn a_call_waits_for_the_cluster_and_is_then_answered() {
    let mut starting = Starting::new();
    let mut waiting = send(starting.docker, "GET /v1.44/info");
    waiting.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    assert!(
        waiting.read(&mut [0]).is_err(),
        "it was answered without a cluster"
    );
    Api::default().serve(starting.kubernetes);
    waiting.set_read_timeout(Some(AT_ONCE)).unwrap();
    let answer = answer(waiting);
    assert!(
        answer.starts_with("HTTP/1.1 200 OK\r\n"),
        "{answer}\n{}",
        starting.log()
    );
    assert!(call(starting.docker, "GET /containers/json").ends_with("[]"));
    assert!(
        starting.log().contains("fabric/chainpod-chainpod"),
        "{}",
        starting.log()
    );
    assert!(starting.ends().success());
}

#[test]
fn a_second_process_waits_and_one_that_loses_its_lease_exits_at_once() {
    let (mut first, api) = (Starting::new(), Api::default());
    api.serve(first.kubernetes);
    assert!(call(first.docker, "GET /info").starts_with("HTTP/1.1 200 OK\r\n"));
    api.is_led.store(true, Ordering::Relaxed);
    let status = first.ended();
    assert_eq!(status.code(), Some(1));
    let lost = "lost the lease fabric/chainpod-chainpod: another holds it; ending at once";
    assert!(first.log().contains(lost), "{}", first.log());

    let mut second = Starting::new();
    api.serve(second.kubernetes);
    let begin = Instant::now();
    let told = "[-]lease failed: fabric/chainpod-chainpod: another holds it\n";
    while !call(second.admin, "GET /readyz").contains(told) {
        assert!(begin.elapsed() < AT_ONCE, "{}", second.log());
    }
    assert!(call(second.docker, "GET /_ping").starts_with("HTTP/1.1 200 OK\r\n"));
    assert!(second.ends().success());
}
