//! Tests of the requests for each call: answers are scripted, and requests are compared.

use std::sync::{Arc, Mutex};

use engine::token::TokenKey;
use http::{Request, Response};
use kube::client::Body;
use serde_json::{Value, json};

use super::*;
use crate::config::AgentVolume;
use crate::record::sample;

pub(crate) fn config() -> Config {
    Config {
        namespace: "fabric".to_owned(),
        instance: "lab".to_owned(),
        agent_image: "chainpod:0.1".to_owned(),
        agent_ca_pem: "PEM".to_owned(),
        token_key: TokenKey::new([1; engine::token::KEY_BYTES]),
        agent_volume: AgentVolume::Auto,
        default_uid: Config::FABRIC_UID,
        rules: Arc::new(rules::Source::built_in()),
    }
}

/// A cluster that gives the answer of `answer` to `METHOD PATH?QUERY`, and a list of all requests.
pub(crate) fn cluster(
    answer: impl Fn(usize, &str) -> (u16, Value) + Send + Sync + 'static,
) -> (KubeCluster, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    let answer = Arc::new(answer);
    let service = tower::service_fn(move |request: Request<Body>| {
        let line = format!("{} {}", request.method(), request.uri());
        let mut log = log.lock().unwrap();
        let (code, body) = answer(log.len(), &line);
        log.push(line);
        let body = match body {
            // A text is a log.
            Value::String(text) => text,
            json => json.to_string(),
        };
        let response = Response::builder()
            .status(code)
            .body(Body::from(body.into_bytes()));
        async move { response }
    });
    (KubeCluster::new(Client::new(service, "fabric"), config()), asked)
}

pub(crate) fn failure(code: u16, reason: &str) -> (u16, Value) {
    (
        code,
        json!({"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": reason}),
    )
}

fn stored(record: &Record) -> (u16, Value) {
    (
        200,
        serde_json::to_value(record::replacement(record, "fabric").unwrap()).unwrap(),
    )
}

#[tokio::test(start_paused = true)]
async fn a_record_that_our_own_lost_try_made_is_ours_and_no_conflict() {
    let record = sample::chaincode();
    let made = record.clone();
    let (cluster, asked) = cluster(move |index, line| match (index, line.split(' ').next()) {
        (0, _) => failure(503, ""),
        (_, Some("POST")) => failure(409, "AlreadyExists"),
        _ => stored(&made),
    });
    assert_eq!(
        cluster
            .create_record(&record.name, &record.container)
            .await
            .unwrap(),
        record
    );
    assert_eq!(asked.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_name_in_use_is_told_at_once() {
    let record = sample::chaincode();
    let (cluster, asked) = cluster(|_, _| failure(409, "AlreadyExists"));
    let error = cluster
        .create_record(&record.name, &record.container)
        .await
        .unwrap_err();
    assert!(matches!(error, ClusterError::AlreadyExists(_)), "{error}");
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_short_outage_is_waited_for_and_a_long_one_told() {
    let begin = tokio::time::Instant::now();
    let away = move |seconds| begin.elapsed() < Duration::from_secs(seconds);
    let record = sample::chaincode();
    let made = record.clone();
    let (short, asked) = cluster(move |_, _| if away(20) { failure(503, "") } else { stored(&made) });
    assert_eq!(short.record(&record.name).await.unwrap(), Some(record.clone()));
    assert!(begin.elapsed() < Duration::from_secs(22));
    assert!(asked.lock().unwrap().len() < 20);
    let (long, _) = cluster(|_, _| failure(503, ""));
    let error = long.record(&record.name).await.unwrap_err();
    assert!(matches!(error, ClusterError::Unavailable(_)), "{error}");
    assert!(begin.elapsed() < Duration::from_secs(90));
}

#[tokio::test(start_paused = true)]
async fn a_quota_that_is_counted_elsewhere_at_the_same_moment_is_no_failure() {
    let record = sample::chaincode();
    let made = record.clone();
    let (cluster, _) = cluster(move |index, _| match index {
        0 => failure(409, "Conflict"),
        _ => stored(&made),
    });
    assert_eq!(
        cluster
            .create_record(&record.name, &record.container)
            .await
            .unwrap(),
        record
    );
}

#[tokio::test]
async fn a_repeated_launch_meets_its_own_objects() {
    let record = sample::chaincode();
    let launch = sample::launch(&record);
    let (cluster, asked) = cluster(|_, _| failure(409, "AlreadyExists"));
    cluster.launch(&launch).await.unwrap();
    let mut asked = asked.lock().unwrap().clone();
    asked.sort();
    assert_eq!(
        asked,
        [
            "POST /api/v1/namespaces/fabric/pods?",
            "POST /api/v1/namespaces/fabric/secrets?"
        ]
    );
}

#[tokio::test]
async fn a_refusal_is_the_api_servers_message() {
    let record = sample::chaincode();
    let launch = sample::launch(&record);
    let (cluster, _) = cluster(|_, line| match line.contains("/pods") {
        true => failure(403, "exceeded quota"),
        false => failure(409, "AlreadyExists"),
    });
    assert_eq!(
        cluster.launch(&launch).await.unwrap_err().to_string(),
        "exceeded quota"
    );
}

#[tokio::test]
async fn a_record_of_another_uid_is_not_the_one_to_delete() {
    let (cluster, _) = cluster(|_, _| failure(409, "Conflict"));
    let error = cluster.delete_record(&sample::chaincode()).await.unwrap_err();
    assert!(matches!(error, ClusterError::NotFound(_)), "{error}");
}

#[tokio::test]
async fn records_are_selected_by_instance_and_read_by_scope() {
    let record = sample::chaincode();
    let mut other = record.clone();
    other.container.scope = Scope("lab-".to_owned());
    let items = [&record, &other].map(|record| stored(record).1);
    let (cluster, asked) = cluster(move |_, _| {
        (
            200,
            json!({"kind": "ConfigMapList", "apiVersion": "v1", "metadata": {}, "items": items}),
        )
    });
    assert_eq!(cluster.records(&Scope("lab".to_owned())).await.unwrap(), [record]);
    assert!(asked.lock().unwrap()[0].contains("instance%3Dlab"));
}

#[tokio::test]
async fn pods_are_listed_by_their_names_and_one_that_is_not_there_is_told() {
    let (cluster, asked) = cluster(|_, line| match line.starts_with("GET") {
        true => (
            200,
            json!({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": {},
                "items": [{"metadata": {"name": "kv-1"}}]}),
        ),
        false => failure(404, "NotFound"),
    });
    let pod = PodName("kv-1".to_owned());
    let names = cluster.pod_names(&Scope("lab".to_owned())).await.unwrap();
    assert_eq!(names, HashSet::from([pod.clone()]));
    let error = cluster
        .delete_pod(&pod, Duration::from_secs(1))
        .await
        .unwrap_err();
    assert!(matches!(error, ClusterError::NotFound(_)), "{error}");
    assert!(asked.lock().unwrap()[0].contains("/pods?&labelSelector="));
}

#[tokio::test(start_paused = true)]
async fn an_api_server_that_does_not_know_this_account_yet_is_waited_for_and_then_believed() {
    let begin = tokio::time::Instant::now();
    let record = sample::chaincode();
    let made = record.clone();
    let (cluster_that_starts, _) = cluster(move |_, _| match begin.elapsed().as_secs() {
        0..15 => failure(503, ""),
        15..25 => failure(401, "Unauthorized"),
        _ => stored(&made),
    });
    assert_eq!(cluster_that_starts.update_record(&record).await.unwrap(), record);
    let begin = tokio::time::Instant::now();
    let (cluster, _) = cluster(|_, _| failure(401, "Unauthorized"));
    let error = cluster.update_record(&record).await.unwrap_err();
    assert!(
        matches!(&error, ClusterError::Refused(message) if message == "Unauthorized"),
        "{error}"
    );
    let took = begin.elapsed();
    assert!(
        took >= Duration::from_secs(20) && took < Duration::from_secs(23),
        "{took:?}"
    );
}
