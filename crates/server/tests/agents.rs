//! The agents' calls as bytes: the answers to an agent that is not the current one.

use std::sync::Arc;

use axum::body::Body;
use engine::Engine;
use engine::container::Spec;
use engine::ports::{Cluster, Event};
use http::{Request, StatusCode};
use testkit::{FakeCluster, FakeStore};
use tower::ServiceExt;

#[tokio::test]
async fn an_agent_of_a_start_that_is_over_is_told_that_it_need_not_come_back() {
    let (cluster, store) = (Arc::new(FakeCluster::default()), Arc::new(FakeStore::default()));
    let engine = Engine::new(testkit::settings("test"), cluster.clone(), store);
    engine.pull("ccenv").await.unwrap();
    let spec = Spec {
        image: "ccenv".to_owned(),
        ..Spec::default()
    };
    let mut record = engine.create(Some("it".to_owned()), spec).await.unwrap();
    record.container.starts = 2;
    let record = cluster.update_record(&record).await.unwrap();
    engine.observe(Event::Record(Box::new(record.clone()))).await;
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
