//! The owner of a container.

use engine::caller::Caller;
use engine::container::Owner;

use super::*;

#[tokio::test]
async fn a_container_belongs_to_whose_peer_asked_for_it_as_far_as_that_can_be_told() {
    let lab = lab();
    let owner = Owner {
        api_version: "apps/v1".to_owned(),
        kind: "StatefulSet".to_owned(),
        name: "peer0".to_owned(),
        uid: "uid-9".to_owned(),
    };
    lab.cluster.set_owner(owner.clone());
    for (address, expected) in [("10.244.0.7", Some(owner)), ("127.0.0.1", None)] {
        let engine = lab.engine.called_by(Caller::at(address.parse().unwrap()));
        let record = engine.create(Some(NAME.to_owned()), spec()).await.unwrap();
        assert_eq!(record.container.owner, expected, "{address}");
        engine.remove(NAME, true).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_create_does_not_wait_long_for_the_owner() {
    let lab = lab();
    lab.cluster.answer_late(PATIENCE);
    let engine = lab.engine.called_by(Caller::at("10.244.0.7".parse().unwrap()));
    let begun = tokio::time::Instant::now();
    let record = engine.create(Some(NAME.to_owned()), spec()).await.unwrap();
    assert_eq!(record.container.owner, None);
    assert!(begun.elapsed() <= Duration::from_secs(1), "{:?}", begun.elapsed());
}
