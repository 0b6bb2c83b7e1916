//! Calls to chainpod: one HTTP client for all of them, and the rule for repeating a call. The stream of
//! commands, which is opened again whenever it breaks, is in `commands.rs`.

use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use agent_protocol::{ANSWERS_AGAIN, Event, KEEPALIVE_SECS, WAITS_FOR};
use ureq::http::{Response, StatusCode};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{Connector, RustlsConnector};
use ureq::{Agent, Body, BodyReader, RequestBuilder, SendBody};

use crate::backoff::Backoff;
use crate::early_packets::Early;
use crate::say;
use crate::task::Orders;

/// If chainpod is silent for this time, the connection counts as broken, even in the middle of an answer.
const SILENCE: Duration = Duration::from_secs(3 * KEEPALIVE_SECS);
/// The time for name lookup, TCP and TLS together.
const CONNECT: Duration = Duration::from_secs(10);
/// The time for an event, which is answered when it is on the record. It is the time of the API server, not
/// of a transfer.
const EVENT: Duration = Duration::from_secs(20);
/// The time for the last report of an agent that ends before its program began.
const LAST_WORD: Duration = Duration::from_secs(2);
/// chainpod's answer if it cannot write to its store. This does not resolve by itself.
const FULL: StatusCode = StatusCode::INSUFFICIENT_STORAGE;
/// The time that a Pod whose program has ended waits for a chainpod that does not answer.
const PATIENCE: Duration = Duration::from_secs(10 * 60);
/// The connection for the exit is kept open while the program runs.
const IDLE: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// The size of one TLS record. The defaults are eight times as large, for each connection.
const BUFFER_BYTES: usize = 128 * 1024;
/// The longest error text that is read: a sentence.
const ERROR_BYTES: u64 = 4096;

/// The reason for which a call failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// There is no server, or the server fails. The next try may succeed.
    Away(String),
    /// The server refused with a 4xx and this text. The same call will fail again.
    Refused(String),
    /// The server answered that this agent's start is over. Every other call of this start will also fail.
    Over(String),
    /// The failure is on the agent's side.
    Local(String),
}

impl Failure {
    pub(crate) fn into_text(self) -> String {
        match self {
            Self::Away(text) | Self::Refused(text) | Self::Over(text) | Self::Local(text) => text,
        }
    }
}

/// The client for chainpod, shared by all threads.
pub(crate) struct Chainpod {
    agent: Agent,
    url: String,
    authorization: String,
    /// The time at which the program ended. From then on, calls are repeated for a limited time.
    ended: Mutex<Option<Instant>>,
    /// True once this time is over: no later call waits again.
    lost: AtomicBool,
    /// The last message about a call that is repeated. It is empty once a call is answered.
    waiting: Mutex<String>,
}

impl Chainpod {
    /// Returns a client that trusts only the mounted CA.
    pub(crate) fn new(orders: &Orders) -> Result<Self, String> {
        let certificates: Vec<Certificate<'static>> = parse_pem(&orders.ca_pem)
            .filter_map(|item| match item {
                Ok(PemItem::Certificate(certificate)) => Some(certificate),
                _ => None,
            })
            .collect();
        if certificates.is_empty() {
            return Err("the mounted CA has no certificate".to_owned());
        }
        // This only fails if a provider is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::from(certificates.into_iter()))
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .https_only(true)
            // A proxy in the environment is meant for the program, not for the agent.
            .proxy(None)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .no_delay(true)
            .user_agent(concat!("chainpod-agent/", env!("CARGO_PKG_VERSION")))
            .input_buffer_size(BUFFER_BYTES)
            .output_buffer_size(BUFFER_BYTES)
            .max_idle_connections(1)
            .max_idle_connections_per_host(1)
            .max_idle_age(IDLE)
            .timeout_connect(Some(CONNECT))
            .timeout_per_read(Some(SILENCE))
            .timeout_per_write(Some(SILENCE))
            .build();
        let connector = Early::default().chain(RustlsConnector::default());
        Ok(Self {
            agent: Agent::with_parts(config, connector, DefaultResolver::default()),
            url: orders.task.url.clone(),
            authorization: format!("Bearer {}", orders.token),
            ended: Mutex::new(None),
            lost: AtomicBool::new(false),
            waiting: Mutex::default(),
        })
    }

    /// Returns the body of `GET path`. Tries once.
    pub(crate) fn get(&self, path: &str) -> Result<BodyReader<'static>, Failure> {
        let answer = self.headed(self.agent.get(self.at(path))).call();
        Ok(self.accepted(answer)?.into_body().into_reader())
    }

    /// Sends `PUT path` with a body of unknown length. Tries once.
    pub(crate) fn put(&self, path: &str, body: &mut dyn Read) -> Result<(), Failure> {
        // This makes a refusal arrive before the body, not as a connection that breaks within it.
        let request = self
            .headed(self.agent.put(self.at(path)))
            .header("expect", "100-continue")
            .content_type("application/x-tar");
        drained(self.accepted(request.send(SendBody::from_reader(body)))?)
    }

    /// Reports `event`, and repeats the report until it is answered.
    pub(crate) fn tell(&self, event: &Event) -> Result<(), Failure> {
        self.insist("cannot report to chainpod", || self.post(event, EVENT))
    }

    /// Reports `event` once, within a short time.
    pub(crate) fn tell_once(&self, event: &Event) {
        let _ = self.post(event, LAST_WORD);
    }

    /// Repeats an attempt until the server answers, without limit while the program runs. Logs the cause of the
    /// wait.
    pub(crate) fn insist<T>(
        &self,
        what: &str,
        mut attempt: impl FnMut() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut backoff = Backoff::new();
        let mut since = None;
        loop {
            let why = match attempt() {
                Err(Failure::Away(why)) => why,
                answered => return answered,
            };
            self.waits(format!("{what}: {why}"));
            let since = *since.get_or_insert_with(Instant::now);
            if self.is_lost(since) {
                return Err(Failure::Away(why));
            }
            backoff.wait();
        }
    }

    /// Logs the message unless it is the last one logged. chainpod reads it when a start takes long.
    fn waits(&self, what: String) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if *waiting != what {
            say(&format!("{WAITS_FOR}{what}"));
            *waiting = what;
        }
    }

    /// Returns the answer if it is a success. If calls failed before, logs that chainpod answers again.
    fn accepted(&self, answer: Result<Response<Body>, ureq::Error>) -> Result<Response<Body>, Failure> {
        let answer = accepted(answer)?;
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if !std::mem::take(&mut *waiting).is_empty() {
            say(ANSWERS_AGAIN);
        }
        Ok(answer)
    }

    /// Records that the program has ended: from now on, calls are repeated for a limited time.
    pub(crate) fn program_ended(&self) {
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn is_lost(&self, since: Instant) -> bool {
        let ended = *self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        if ended.is_some_and(|ended| ended.max(since).elapsed() > PATIENCE) {
            self.lost.store(true, Ordering::Relaxed);
        }
        self.lost.load(Ordering::Relaxed)
    }

    fn post(&self, event: &Event, limit: Duration) -> Result<(), Failure> {
        let json = serde_json::to_vec(event).map_err(|error| Failure::Local(error.to_string()))?;
        let request = self
            .headed(self.agent.post(self.at("events")))
            .content_type("application/json")
            .config()
            .timeout_global(Some(limit))
            .build();
        drained(self.accepted(request.send(&json))?)
    }

    fn at(&self, path: &str) -> String {
        format!("{}/{path}", self.url)
    }

    fn headed<B>(&self, request: RequestBuilder<B>) -> RequestBuilder<B> {
        request.header("authorization", &self.authorization)
    }
}

/// Returns the answer if it is a success.
fn accepted(answer: Result<Response<Body>, ureq::Error>) -> Result<Response<Body>, Failure> {
    let mut answer = answer.map_err(|error| Failure::Away(error.to_string()))?;
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let text = answer
        .body_mut()
        .with_config()
        .limit(ERROR_BYTES)
        .lossy_utf8(true)
        .read_to_string()
        .unwrap_or_default();
    let text = match text.trim() {
        "" => format!("chainpod answered {status}"),
        text => text.to_owned(),
    };
    // Too early, too many, too slow: these 4xx ask for another try.
    let again = matches!(status.as_u16(), 408 | 425 | 429) || !(status.is_client_error() || status == FULL);
    Err(match status {
        _ if again => Failure::Away(text),
        StatusCode::GONE => Failure::Over(text),
        _ => Failure::Refused(text),
    })
}

/// Reads an answer to its end, so that the connection can be used again.
fn drained(mut answer: Response<Body>) -> Result<(), Failure> {
    // The call was accepted. The rest of the answer changes nothing.
    let _ = answer.body_mut().with_config().limit(ERROR_BYTES).read_to_vec();
    Ok(())
}
