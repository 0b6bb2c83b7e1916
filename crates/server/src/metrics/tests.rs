//! The text of a scrape.

use std::collections::BTreeSet;

use axum::body::Body;
use engine::container::Spec;
use engine::ports::Event;
use testkit::{FakeCluster, FakeStore};
use tower::ServiceExt;

use super::*;

fn news(reason: &'static str, is_warning: bool) -> News {
    News {
        at: jiff::Timestamp::UNIX_EPOCH,
        reason: reason.into(),
        message: String::new(),
        is_warning,
    }
}

/// Returns an engine with one running container, for a peer with that name.
async fn engine(peer: &str) -> Engine {
    let (cluster, store) = (Arc::new(FakeCluster::default()), Arc::new(FakeStore::default()));
    let settings = testkit::settings("test");
    store.add_built(&settings.scope, "kv", "base", b"layer");
    let engine = Engine::new(settings, cluster, store);
    let spec = Spec {
        image: "kv".to_owned(),
        env: vec![format!("CORE_PEER_LOCALMSPID={peer}")],
        ..Spec::default()
    };
    let mut record = engine.create(Some("kv".to_owned()), spec).await.unwrap();
    record.container.phase = Phase::Running;
    record.version = "1000".to_owned();
    engine.observe(Event::Record(Box::new(record))).await.unwrap();
    engine
}

#[tokio::test]
async fn what_is_told_is_what_the_table_has() {
    let metrics = Metrics::default();
    metrics.tell_of(engine("Org1\"MSP\n").await);
    metrics.launched(Role::Chaincode, Duration::from_millis(600));
    metrics.built(Duration::from_secs(40));
    metrics.told(Role::Build, &news("ImagePullFailed", true));
    metrics.told(Role::Build, &news("Started", false));
    metrics.watch_broke("Pod");
    let router = metrics.around(crate::docker(engine("").await));
    for path in ["/v1.44/_ping", "/containers/none/json", "/no/such/page"] {
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        router.clone().oneshot(request).await.unwrap();
    }
    let text = metrics.scrape().await;
    for line in [
        concat!(
            "chainpod_build_info{version=\"",
            env!("CARGO_PKG_VERSION"),
            "\"} 1"
        ),
        "chainpod_operations_total{operation=\"ping\",result=\"ok\"} 1",
        "chainpod_operations_total{operation=\"container_inspect\",result=\"refused\"} 1",
        "chainpod_launch_duration_seconds_bucket{role=\"chaincode\",le=\"0.75\"} 1",
        "chainpod_build_duration_seconds_sum 40.0",
        "chainpod_failures_total{cause=\"ImagePullFailed\",role=\"build\"} 1",
        "chainpod_containers_running{chaincode=\"\",peer=\"\",msp=\"Org1\\\"MSP\\n\",role=\"chaincode\"} 1",
        "chainpod_store_bytes 5",
        "chainpod_watch_restarts_total{kind=\"Pod\"} 1",
    ] {
        assert!(text.lines().any(|told| told == line), "{line}:\n{text}");
    }
    assert!(!text.contains("Started"), "{text}");
    let told: BTreeSet<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .collect();
    let table: BTreeSet<_> = METRICS.iter().map(|row| row.name).collect();
    assert_eq!(told, table);
}

#[test]
fn clients_do_not_choose_how_much_is_told() {
    let image = engine::image::Image {
        id: engine::image::Digest(String::new()),
        name: String::new(),
        reference: String::new(),
        overlay: None,
        created: jiff::Timestamp::UNIX_EPOCH,
        always_pull: false,
    };
    let spec = Spec {
        env: vec![format!("CORE_PEER_LOCALMSPID={}", "ä".repeat(100))],
        ..Spec::default()
    };
    let scope = engine::name::Scope(String::new());
    let container = engine::container::Container::new(String::new(), scope, spec, image);
    let labels = format!("{:?}", Running::of(&container));
    assert!(labels.contains(&format!("\"{}\"", "ä".repeat(63))), "{labels}");
}
