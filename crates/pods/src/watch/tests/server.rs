//! A watch against a small API server, which cuts the connection, forgets versions, or does not answer.

use std::sync::Mutex;

use bytes::Bytes;
use futures::{Stream, stream};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::*;
use crate::cluster::tests::config;

/// An answer's body.
type Answered = UnsyncBoxBody<Bytes, std::io::Error>;

/// The server's answer to one request.
enum Answer {
    /// A list of objects of these uids, at that version.
    List(&'static [&'static str], u32),
    /// A watch that reports objects of these uids, each with a version, and is then cut.
    Cut(&'static [(&'static str, u32)]),
    /// A watch that ends at once, because its version is forgotten.
    Gone,
    /// No answer.
    Away,
    /// A watch that reports these, and stays open without more.
    Silent(&'static [(&'static str, u32)]),
}

fn versioned(uid: &str, version: u32) -> Value {
    let mut object = object(uid);
    object.metadata.resource_version = Some(version.to_string());
    serde_json::to_value(object).unwrap()
}

fn event(kind: &str, object: &Value) -> Result<String, std::io::Error> {
    Ok(json!({"type": kind, "object": object}).to_string() + "\n")
}

fn added(objects: &[(&str, u32)]) -> Vec<Result<String, std::io::Error>> {
    let added = objects
        .iter()
        .map(|(uid, version)| event("ADDED", &versioned(uid, *version)));
    added.collect()
}

fn streamed(events: impl Stream<Item = Result<String, std::io::Error>> + Send + 'static) -> Answered {
    let frames = events.map(|event| event.map(|text| Frame::data(Bytes::from(text))));
    StreamBody::new(frames).boxed_unsync()
}

impl Answer {
    fn body(self) -> Option<Answered> {
        let cut = || Err(std::io::Error::other("cut"));
        Some(match self {
            Self::List(uids, version) => {
                let items: Vec<_> = uids.iter().map(|uid| versioned(uid, version)).collect();
                let metadata = json!({"resourceVersion": version.to_string()});
                let list = json!({"kind": "ConfigMapList", "apiVersion": "v1", "metadata": metadata, "items": items});
                streamed(stream::iter([Ok(list.to_string())]))
            }
            Self::Cut(objects) => {
                let events = stream::iter(added(objects)).chain(stream::iter([cut()]));
                streamed(events)
            }
            Self::Gone => {
                let status = json!({"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"});
                streamed(stream::iter([event("ERROR", &status)]))
            }
            Self::Silent(objects) => streamed(stream::iter(added(objects)).chain(stream::pending())),
            Self::Away => return None,
        })
    }
}

/// Follows the records of a server with these answers, until `last` is reported. Returns the reports, and
/// each request: `list`, or `watch VERSION`.
async fn follow_server(answers: Vec<Answer>, last: &str) -> (Vec<String>, Vec<String>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (log, answers) = (Arc::clone(&asked), Arc::new(Mutex::new(answers.into_iter())));
    let service = tower::service_fn(move |request: http::Request<Body>| {
        let query = request.uri().query().unwrap_or_default();
        let version = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("resourceVersion="));
        log.lock().unwrap().push(match version {
            Some(version) if query.contains("watch=true") => format!("watch {version}"),
            _ => "list".to_owned(),
        });
        let answer = answers.lock().unwrap().next().and_then(Answer::body);
        async move {
            let away = || std::io::Error::other("connection refused");
            answer.map(http::Response::new).ok_or_else(away)
        }
    });
    let cluster = KubeCluster::new(Client::new(service, "fabric"), config());
    let (sender, mut events) = mpsc::unbounded_channel();
    let sink = move |event| sender.send(event).unwrap();
    let known = Known::new(|object: &ConfigMap| record_seen(object, "lab"));
    let mut told_so_far = Vec::new();
    tokio::select! {
        () = follow(&cluster, known, &sink) => unreachable!("a watch does not end"),
        () = async {
            while told_so_far.last().map(String::as_str) != Some(last) {
                if let Told::Event(event) = events.recv().await.unwrap() {
                    told_so_far.extend(told(vec![event]));
                }
            }
        } => {}
    }
    let asked = asked.lock().unwrap().clone();
    (told_so_far, asked)
}

#[tokio::test(start_paused = true)]
async fn a_cut_watch_goes_on_where_it_was() {
    let answers = vec![
        Answer::List(&["a"], 5),
        Answer::Cut(&[("b", 7)]),
        Answer::Silent(&[("c", 8)]),
    ];
    let (told, asked) = follow_server(answers, "+c").await;
    assert_eq!(told, ["+a", "+b", "+c"]);
    assert_eq!(asked, ["list", "watch 5", "watch 7"]);
}

#[tokio::test(start_paused = true)]
async fn a_forgotten_version_is_a_new_list_and_what_vanished_is_told() {
    let answers = vec![
        Answer::List(&["a", "b"], 5),
        Answer::Gone,
        Answer::List(&["b", "c"], 9),
        Answer::Silent(&[("d", 10)]),
    ];
    let (told, asked) = follow_server(answers, "+d").await;
    assert_eq!(told, ["+a", "+b", "+b", "+c", "-a", "+d"]);
    assert_eq!(asked, ["list", "watch 5", "list", "watch 9"]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_was_away_is_asked_again_within_seconds() {
    let mut answers = vec![Answer::List(&["a"], 5), Answer::Cut(&[("b", 7)])];
    answers.extend((0..12).map(|_| Answer::Away));
    answers.push(Answer::Silent(&[("c", 8)]));
    let begin = tokio::time::Instant::now();
    let (told, asked) = follow_server(answers, "+c").await;
    assert_eq!(told, ["+a", "+b", "+c"]);
    assert_eq!(asked.last().unwrap(), "watch 7");
    // With jitter, no pause reaches twice the longest.
    assert!(
        begin.elapsed() < Duration::from_secs(13 * 4),
        "{:?}",
        begin.elapsed()
    );
}
