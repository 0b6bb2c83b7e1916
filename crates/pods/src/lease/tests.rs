//! Leases on an API server that keeps one, refuses old versions, and may be away or silent.

use std::sync::{Arc, Mutex};

use http::{Method, Request, Response};
use http_body_util::BodyExt;
use kube::client::Body;
use serde_json::{Value, json};

use super::*;

/// An API server with at most one Lease.
#[derive(Default)]
struct Server {
    lease: Option<Value>,
    version: u64,
    /// It refuses connections.
    is_away: bool,
    /// It takes requests and does not answer.
    is_silent: bool,
    /// It does what is asked, and its answer is lost.
    loses_answers: bool,
}

type Shared = Arc<Mutex<Server>>;

impl Server {
    fn shared() -> Shared {
        Arc::default()
    }

    fn answer(&mut self, method: &Method, sent: Option<Value>) -> (u16, Value) {
        let failure = |code: u16, reason: &str| {
            let status = json!({"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": reason});
            (code, status)
        };
        match (method, &self.lease) {
            (&Method::GET, Some(lease)) => (200, lease.clone()),
            (&Method::GET | &Method::PUT, None) => failure(404, "NotFound"),
            (&Method::POST, Some(_)) => failure(409, "AlreadyExists"),
            (&Method::PUT, Some(lease)) => {
                let version = |lease: &Value| lease["metadata"]["resourceVersion"].clone();
                let sent = sent.unwrap();
                match version(&sent) == version(lease) {
                    true => (200, self.keep(sent)),
                    false => failure(409, "Conflict"),
                }
            }
            (&Method::POST, None) => (201, self.keep(sent.unwrap())),
            _ => failure(405, "MethodNotAllowed"),
        }
    }

    fn keep(&mut self, mut lease: Value) -> Value {
        self.version += 1;
        lease["metadata"]["resourceVersion"] = json!(self.version.to_string());
        self.lease = Some(lease.clone());
        lease
    }
}

fn lease(server: &Shared, identity: &str) -> Lease {
    let server = Arc::clone(server);
    let service = tower::service_fn(move |request: Request<Body>| {
        let server = Arc::clone(&server);
        async move {
            let (parts, body) = request.into_parts();
            let bytes = body.collect().await.unwrap().to_bytes();
            if server.lock().unwrap().is_silent {
                std::future::pending::<()>().await;
            }
            let mut server = server.lock().unwrap();
            let refused = || std::io::Error::other("connection refused");
            if server.is_away {
                return Err(refused());
            }
            let (code, answer) = server.answer(&parts.method, serde_json::from_slice(&bytes).ok());
            if server.loses_answers && parts.method == Method::PUT {
                return Err(refused());
            }
            let body = Body::from(answer.to_string().into_bytes());
            Ok(Response::builder().status(code).body(body).unwrap())
        }
    });
    Lease::new(Client::new(service, "fabric"), "fabric", "Lab_1.x", identity)
}

fn spec(server: &Shared, field: &str) -> Value {
    server.lock().unwrap().lease.as_ref().unwrap()["spec"][field].clone()
}

/// Tries each second until the Lease is taken. Returns it and the seconds that this took.
async fn taken(mut lease: Lease) -> (HeldLease, u64) {
    let begin = Instant::now();
    loop {
        match lease.try_take().await {
            Ok(held) => return (held, begin.elapsed().as_secs()),
            Err(_) => tokio::time::sleep(Duration::from_secs(1)).await,
        }
    }
}

async fn seconds(count: u64) {
    tokio::time::sleep(Duration::from_secs(count)).await;
}

#[tokio::test(start_paused = true)]
async fn a_free_lease_is_taken_at_once_and_renewed() {
    let server = Server::shared();
    let (held, took) = taken(lease(&server, "a")).await;
    assert_eq!(took, 0);
    let made = server.lock().unwrap().lease.clone().unwrap();
    assert_eq!(made["metadata"]["name"], "chainpod-lab-1-x");
    assert_eq!(
        made["metadata"]["labels"]["app.kubernetes.io/instance"],
        "Lab_1.x"
    );
    assert_eq!(made["spec"]["holderIdentity"], "a");
    assert_eq!(made["spec"]["leaseDurationSeconds"], 15);
    assert_eq!(made["spec"]["leaseTransitions"], 0);
    // The API server reads microseconds, and refuses more digits.
    let renewed = made["spec"]["renewTime"].as_str().unwrap();
    assert_eq!(
        renewed.split_once('.').unwrap().1.len(),
        "123456Z".len(),
        "{renewed}"
    );
    let lost = tokio::spawn(held.lost());
    seconds(61).await;
    assert!(!lost.is_finished());
    assert_eq!(server.lock().unwrap().version, 13);
    assert_eq!(spec(&server, "leaseTransitions"), 0);
}

#[tokio::test(start_paused = true)]
async fn another_process_waits_while_it_is_renewed_and_takes_it_when_it_is_released() {
    let server = Server::shared();
    let (held, _) = taken(lease(&server, "a")).await;
    let lost = tokio::spawn(held.clone().lost());
    let other = tokio::spawn(taken(lease(&server, "b")));
    seconds(100).await;
    assert!(!other.is_finished() && !lost.is_finished());
    let why = lease(&server, "c").try_take().await.err().unwrap();
    assert_eq!(why.to_string(), "a holds it");
    lost.abort();
    held.release().await;
    assert_eq!(spec(&server, "holderIdentity"), Value::Null);
    seconds(2).await;
    assert!(other.is_finished());
    assert_eq!(spec(&server, "holderIdentity"), "b");
    assert_eq!(spec(&server, "leaseTransitions"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_dead_holder_is_waited_for_and_its_successor_of_the_same_identity_does_not_wait() {
    let server = Server::shared();
    let dead = taken(lease(&server, "a")).await;
    seconds(1).await;
    let (_, took) = taken(lease(&server, "b")).await;
    assert_eq!(took, 15);
    let (_, took) = taken(lease(&server, "b")).await;
    assert_eq!(took, 0);
    drop(dead);
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_sees_another_one_has_lost_it_at_once() {
    let server = Server::shared();
    let (held, _) = taken(lease(&server, "a")).await;
    let lost = tokio::spawn(held.clone().lost());
    server.lock().unwrap().lease = None;
    taken(lease(&server, "b")).await;
    seconds(6).await;
    assert!(lost.is_finished());
    assert_eq!(lost.await.unwrap().to_string(), "b holds it");
    // What is another's is not released.
    held.release().await;
    assert_eq!(spec(&server, "holderIdentity"), "b");
}

#[tokio::test(start_paused = true)]
async fn a_holder_ends_before_another_process_takes_it() {
    type Breaks = fn(&mut Server);
    let breaks: [(Breaks, &str); 2] = [
        (|server| server.is_away = true, "connection refused"),
        (|server| server.is_silent = true, "no answer in 4 s"),
    ];
    for (breaks, why) in breaks {
        let server = Server::shared();
        let (held, _) = taken(lease(&server, "a")).await;
        let lost = tokio::spawn(held.lost());
        seconds(7).await;
        // From now on only the second process reaches the server.
        let (broken, begin) = (Server::shared(), Instant::now());
        *broken.lock().unwrap() = std::mem::take(&mut server.lock().unwrap());
        breaks(&mut server.lock().unwrap());
        let other = tokio::spawn(taken(lease(&broken, "b")));
        let lost = lost.await.unwrap().to_string();
        // The last renewal was 2 s ago.
        assert_eq!(begin.elapsed().as_secs(), 13, "{lost}");
        assert!(
            lost.starts_with("it was not renewed for 15 s: ") && lost.contains(why),
            "{lost}"
        );
        assert!(!other.is_finished());
        seconds(4).await;
        assert!(other.is_finished());
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_that_is_shorter_than_the_lease_and_a_lost_answer_change_nothing() {
    let server = Server::shared();
    let (held, _) = taken(lease(&server, "a")).await;
    let lost = tokio::spawn(held.lost());
    for _ in 0..3 {
        seconds(6).await;
        server.lock().unwrap().is_away = true;
        seconds(8).await;
        server.lock().unwrap().is_away = false;
        seconds(2).await;
        server.lock().unwrap().loses_answers = true;
        seconds(6).await;
        server.lock().unwrap().loses_answers = false;
    }
    assert!(!lost.is_finished());
}

#[tokio::test(start_paused = true)]
async fn a_process_that_has_never_led_waits_for_the_server() {
    let server = Server::shared();
    server.lock().unwrap().is_away = true;
    let waiting = tokio::spawn(taken(lease(&server, "a")));
    seconds(1000).await;
    assert!(!waiting.is_finished());
    let why = lease(&server, "b").try_take().await.err().unwrap().to_string();
    assert!(
        why.starts_with("it cannot be taken: ") && why.contains("connection refused"),
        "{why}"
    );
    server.lock().unwrap().is_away = false;
    seconds(2).await;
    assert!(waiting.is_finished());
}
