//! Plays one recording: sends the peer's requests at the recorded times, lets programs start and end as
//! recorded, and compares each reply.

use std::collections::HashMap;

use bytes::Bytes;
use engine::container::Record;

use super::client::{self, Call, Connection, Reply};
use super::exceptions::{What, is_excepted};
use super::recording::{Act, Exchange, Recording};
use super::{compare, content};
use crate::world::{Script, World};

/// Docker's exit code for a wait whose client has gone.
const GONE: i64 = -1;
/// The peer of all recordings.
const PEER: &str = "peer0.org1.example.com";
/// The exit code of a program that its peer stops: 128 + SIGTERM.
const STOPPED: i64 = 143;

pub(super) struct Player<'a> {
    recording: &'a Recording,
    world: World,
    connections: HashMap<u32, Connection>,
    calls: HashMap<usize, Call>,
    replies: HashMap<usize, Reply>,
    /// Recorded ids and ours.
    ids: Vec<(String, String)>,
    /// The newest attach of each container.
    attached: HashMap<String, usize>,
    differences: Vec<String>,
}

impl<'a> Player<'a> {
    pub(super) async fn new(recording: &'a Recording) -> Self {
        let world = World::new().await;
        for exchange in &recording.exchanges {
            let name = exchange.route().strip_prefix("/images/");
            let name = name.and_then(|name| name.strip_suffix("/json"));
            let is_there = exchange
                .response
                .as_ref()
                .is_some_and(|reply| reply.status == 200);
            if let Some(name) = name.filter(|_| is_there) {
                // Docker had the image before the recording.
                world.engine.pull(name).await.unwrap();
            }
        }
        Self {
            recording,
            world,
            connections: HashMap::new(),
            calls: HashMap::new(),
            replies: HashMap::new(),
            ids: Vec::new(),
            attached: HashMap::new(),
            differences: Vec::new(),
        }
    }

    /// Returns all differences, each with its exchange.
    pub(super) async fn play(&mut self) -> Vec<String> {
        for (number, act) in self.recording.acts() {
            let exchange = &self.recording.exchanges[number];
            let differences = match act {
                Act::Send => {
                    self.send(number, exchange).await;
                    vec![]
                }
                Act::EndBody => {
                    if let Some(call) = self.calls.get_mut(&number) {
                        call.end_body(exchange.request.body_complete).await;
                    }
                    vec![]
                }
                Act::Head => self.head(number, exchange).await,
                Act::End => self.end(number, exchange).await,
            };
            let call = format!("{number} {} {}", exchange.request.method, exchange.request.path);
            let told = differences.into_iter().map(|text| format!("{call}: {text}"));
            self.differences.extend(told);
        }
        std::mem::take(&mut self.differences)
    }

    /// Returns the records of all starts, as they were then.
    pub(super) fn launches(&self) -> Vec<Record> {
        self.world.cluster.launches()
    }

    async fn send(&mut self, number: usize, exchange: &Exchange) {
        if exchange.is("POST", "start") {
            self.script(number, exchange).await;
        }
        if exchange.is("POST", "attach") {
            let name = exchange.container().unwrap_or_default();
            self.attached.insert(name.to_owned(), number);
        }
        let body = match &exchange.request.body {
            Some(body) => content::bytes(body).await,
            None => Bytes::new(),
        };
        let path = self.with_our_ids(&exchange.request.path);
        let connection = match self.connections.remove(&exchange.connection) {
            Some(connection) => connection,
            None => client::connect(self.world.address).await,
        };
        let connection = self.connections.entry(exchange.connection).or_insert(connection);
        let call = Call::send(connection, &path, &exchange.request, body).await;
        self.calls.insert(number, call);
    }

    /// Prepares the program of this start. The replies to its attach, wait and GET show how it behaves.
    async fn script(&mut self, number: usize, start: &Exchange) {
        let name = start.container().unwrap_or_default();
        let is_its = |exchange: &&Exchange| exchange.container() == Some(name);
        let replies = || self.recording.exchanges.iter();
        let attach = self
            .attached
            .get(name)
            .map(|&number| &self.recording.exchanges[number]);
        let log = attach.and_then(|attach| attach.response.as_ref()?.body.as_ref());
        let wait = replies()
            .skip(number)
            .filter(is_its)
            .find(|of| of.is("POST", "wait"));
        let code = wait.and_then(|wait| wait.answer()?["StatusCode"].as_i64());
        let output = replies().filter(is_its).find(|of| of.is("GET", "archive"));
        let output = output.and_then(|of| of.response.as_ref()?.body.as_ref()?.tar.as_deref());
        let script = Script {
            log: log.map(content::recorded_payload).unwrap_or_default(),
            exit_code: code.filter(|code| *code != GONE).unwrap_or(STOPPED),
            output: match output {
                Some(entries) => Some(content::tar(entries).await),
                None => None,
            },
        };
        let ours = self.with_our_ids(name);
        self.world.play(name, &ours, script);
    }

    async fn head(&mut self, number: usize, exchange: &Exchange) -> Vec<String> {
        let (Some(call), Some(recorded)) = (self.calls.remove(&number), &exchange.response) else {
            return vec![];
        };
        if !exchange.request.body_complete && is_excepted(|what| matches!(what, What::BrokenOff)) {
            return vec![];
        }
        let (head, reply) = match call.head().await {
            Ok(reply) => reply,
            Err(difference) => return vec![difference],
        };
        self.replies.insert(number, reply);
        if is_reply_excepted(exchange) {
            return vec![];
        }
        compare::head(recorded, head.status().as_u16(), head.headers())
    }

    async fn end(&mut self, number: usize, exchange: &Exchange) -> Vec<String> {
        let name = exchange.container().unwrap_or_default();
        let is_wait = exchange.is("POST", "wait");
        let is_gone = is_wait
            && exchange
                .answer()
                .is_some_and(|answer| answer["StatusCode"] == GONE);
        if is_gone && is_excepted(|what| matches!(what, What::Gone)) {
            self.connections.remove(&exchange.connection);
            self.replies.remove(&number);
            return vec![];
        }
        if is_wait && !self.is_being_stopped(name) {
            self.world.exit(name);
        }
        let Some(Reply::Body(body)) = self.take_body(number) else {
            return vec![];
        };
        let ours = match client::rest(body).await {
            Ok(ours) => ours,
            Err(difference) => return vec![difference],
        };
        if is_reply_excepted(exchange) {
            return vec![];
        }
        let recorded = exchange.response.as_ref().and_then(|reply| reply.body.as_ref());
        self.learn_id(exchange, &ours);
        let unknown = self.of_unknown_peer(exchange, &ours).await;
        let ours = self.with_recorded_ids(&ours);
        let mut differences = compare::body(recorded, &ours).await;
        differences.extend(unknown);
        if is_wait {
            differences.extend(self.attach_has_ended(name).await);
        }
        differences
    }

    /// Returns a sentence if a created container is not attributed to the peer and its chaincode.
    async fn of_unknown_peer(&self, exchange: &Exchange, ours: &Bytes) -> Option<String> {
        if !exchange.route().ends_with("/containers/create") {
            return None;
        }
        let created: serde_json::Value = serde_json::from_slice(ours).unwrap();
        let record = self.world.engine.inspect(created["Id"].as_str()?).await.unwrap();
        let (peer, chaincode) = (record.container.peer(), record.container.chaincode());
        let known = peer == Some(PEER) && matches!(chaincode, Some("kv" | "kv1"));
        (!known).then(|| format!("{chaincode:?} of {peer:?} is neither the chaincode nor the peer"))
    }

    /// Returns true if a stop that ends the program has not been answered yet.
    fn is_being_stopped(&self, name: &str) -> bool {
        let open = self.calls.keys().map(|&number| &self.recording.exchanges[number]);
        open.into_iter()
            .any(|call| call.is("POST", "stop") && call.container() == Some(name))
    }

    fn take_body(&mut self, number: usize) -> Option<Reply> {
        match self.replies.get(&number) {
            Some(Reply::Body(_)) => self.replies.remove(&number),
            _ => None,
        }
    }

    /// Checks the container's attach stream: wait answers only after all attached clients have received
    /// everything.
    async fn attach_has_ended(&mut self, name: &str) -> Vec<String> {
        let Some(number) = self.attached.remove(name) else {
            return vec![];
        };
        let Some(Reply::Stream(stream)) = self.replies.remove(&number) else {
            return vec![];
        };
        let recorded = self.recording.exchanges[number].response.as_ref();
        let recorded = recorded.and_then(|reply| reply.body.as_ref());
        match (client::ended(stream).await, recorded) {
            (Ok(frames), Some(recorded)) => {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                let recorded = text(&content::recorded_payload(recorded));
                compare::equal("attached", &recorded, &text(&content::payload(&frames)))
            }
            // The recorder lost the reply.
            (Ok(_), None) => vec![],
            (Err(difference), _) => vec![difference],
        }
    }

    fn learn_id(&mut self, exchange: &Exchange, ours: &[u8]) {
        let recorded = exchange.answer().and_then(|answer| answer["Id"].as_str());
        let ours: Option<serde_json::Value> = serde_json::from_slice(ours).ok();
        let ours = ours.as_ref().and_then(|ours| ours["Id"].as_str());
        if let (Some(recorded), Some(ours)) = (recorded, ours) {
            self.ids.push((recorded.to_owned(), ours.to_owned()));
        }
    }

    fn with_our_ids(&self, text: &str) -> String {
        let ids = self.ids.iter();
        ids.fold(text.to_owned(), |text, (recorded, ours)| {
            text.replace(recorded, ours)
        })
    }

    /// Returns a body with the recorded ids. A tar is unchanged, as it has no ids.
    fn with_recorded_ids(&self, body: &Bytes) -> Bytes {
        let Ok(text) = std::str::from_utf8(body) else {
            return body.clone();
        };
        let ids = self.ids.iter();
        let text = ids.fold(text.to_owned(), |text, (recorded, ours)| {
            text.replace(ours, recorded)
        });
        text.into()
    }
}

fn is_reply_excepted(exchange: &Exchange) -> bool {
    let request = &exchange.request;
    is_excepted(
        |what| matches!(what, What::Reply(method, route) if *method == request.method && *route == exchange.route()),
    )
}
