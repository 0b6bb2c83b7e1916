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
    assert_eq!(lost.await.unwrap(), "b");
    // The Lease of another process is not released.
    held.release().await;
    assert_eq!(spec(&server, "holderIdentity"), "b");
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_the_api_server_does_not_answer_goes_on_until_it_sees_the_next_one() {
    type Breaks = fn(&mut Server);
    let breaks: [Breaks; 2] = [|server| server.is_away = true, |server| server.is_silent = true];
    for breaks in breaks {
        let server = Server::shared();
        let (held, _) = taken(lease(&server, "a")).await;
        let lost = tokio::spawn(held.lost());
        breaks(&mut server.lock().unwrap());
        seconds(1000).await;
        assert!(!lost.is_finished());
        // Another process, which reached the server, has taken it meanwhile.
        let mut other = std::mem::take(&mut *server.lock().unwrap());
        (other.is_away, other.is_silent) = (false, false);
        *server.lock().unwrap() = other;
        server.lock().unwrap().lease.as_mut().unwrap()["spec"]["holderIdentity"] = "b".into();
        seconds(6).await;
        assert!(lost.is_finished());
        assert_eq!(lost.await.unwrap(), "b");
    }
}

#[tokio::test(start_paused = true)]
async fn outages_and_a_lost_answer_change_nothing() {
    let server = Server::shared();
    let (held, _) = taken(lease(&server, "a")).await;
    let lost = tokio::spawn(held.lost());
    for outage in [8, 60, 300] {
        seconds(6).await;
        server.lock().unwrap().is_away = true;
        seconds(outage).await;
        server.lock().unwrap().is_away = false;
        seconds(6).await;
        server.lock().unwrap().loses_answers = true;
        seconds(6).await;
        server.lock().unwrap().loses_answers = false;
    }
    assert!(!lost.is_finished());
    assert_eq!(spec(&server, "holderIdentity"), "a");
    assert_eq!(spec(&server, "leaseTransitions"), 0);
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
