//! The agents' calls as bytes: the answers to an agent that is not the current one.

use std::sync::Arc;

use axum::body::Body;
use engine::Engine;
use engine::container::{Record, Spec};
use engine::phase::Phase;
use engine::ports::{Cluster, ClusterError, Event};
use http::{Request, StatusCode};
use testkit::{FakeCluster, FakeStore};
use tower::ServiceExt;

struct Lab {
    cluster: Arc<FakeCluster>,
    engine: Engine,
    record: Record,
}

/// Returns a container that runs in its second start.
async fn lab() -> Lab {
    let (cluster, store) = (Arc::new(FakeCluster::default()), Arc::new(FakeStore::default()));
    let engine = Engine::new(testkit::settings("test"), cluster.clone(), store);
    engine.pull("ccenv").await.unwrap();
    let spec = Spec {
        image: "ccenv".to_owned(),
        ..Spec::default()
    };
    let mut record = engine.create(Some("it".to_owned()), spec).await.unwrap();
    record.container.starts = 2;
    record.container.phase = Phase::Running;
    let record = cluster.update_record(&record).await.unwrap();
    engine
        .observe(Event::Record(Box::new(record.clone())))
        .await
        .unwrap();
    Lab {
        cluster,
        engine,
        record,
    }
}

#[tokio::test]
async fn an_agent_of_a_start_that_is_over_is_told_that_it_need_not_come_back() {
    let Lab { engine, record, .. } = lab().await;
    let agents = server::agents(engine.clone());
    let call = |start: u32| {
        let token = engine.token_key().mint(&record.uid);
        let request = Request::get(format!(
            "/agent/v1/{}/{}/{start}/commands",
            record.name, record.uid
        ));
        let request = request.header("authorization", format!("Bearer {token}"));
        agents.clone().oneshot(request.body(Body::empty()).unwrap())
    };
    assert_eq!(call(1).await.unwrap().status(), StatusCode::GONE);
    assert_eq!(call(2).await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn a_report_that_cannot_be_recorded_is_to_be_sent_again() {
    let Lab {
        cluster,
        engine,
        record,
    } = lab().await;
    let agents = server::agents(engine.clone());
    let report = || {
        let request = Request::post(format!("/agent/v1/{}/{}/2/events", record.name, record.uid));
        let token = engine.token_key().mint(&record.uid);
        let request = request
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json");
        let exited = r#"{"event":"exited","exitCode":0,"oomKilled":false}"#;
        agents.clone().oneshot(request.body(Body::from(exited)).unwrap())
    };
    cluster.fail(ClusterError::Refused);
    assert_eq!(report().await.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
    cluster.recover();
    assert_eq!(report().await.unwrap().status(), StatusCode::NO_CONTENT);
    let exit = engine.inspect("it").await.unwrap().container.exit;
    assert_eq!(exit.unwrap().code, 0);
}

#[tokio::test]
async fn an_agent_can_ask_for_its_own_record_and_for_nothing_else() {
    let Lab { cluster, record, .. } = lab().await;
    let other = Engine::new(
        testkit::settings("other"),
        cluster.clone(),
        Arc::new(FakeStore::default()),
    );
    let agents = server::agents(other.clone());
    let call = |name: &str| {
        let token = other.token_key().mint(&record.uid);
        let request = Request::get(format!("/agent/v1/{name}/{}/2/commands", record.uid));
        let request = request.header("authorization", format!("Bearer {token}"));
        agents.clone().oneshot(request.body(Body::empty()).unwrap())
    };
    for name in ["a%20b", "..%2Fsecrets%2Fcredentials", "a%3Fb"] {
        assert_eq!(
            call(name).await.unwrap().status(),
            StatusCode::BAD_REQUEST,
            "{name}"
        );
    }
    // Another installation of the same namespace: its names can be computed.
    assert_eq!(
        call(&record.name.0).await.unwrap().status(),
        StatusCode::NOT_FOUND
    );
    assert_eq!(other.known(), []);

    // Another container of its own installation.
    let fresh = Engine::new(
        testkit::settings("test"),
        cluster.clone(),
        Arc::new(FakeStore::default()),
    );
    let agents = server::agents(fresh.clone());
    let token = fresh.token_key().mint("another uid");
    let request = Request::get(format!("/agent/v1/{}/another%20uid/2/commands", record.name));
    let request = request.header("authorization", format!("Bearer {token}"));
    let answer = agents
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert_eq!(fresh.known(), []);
}
