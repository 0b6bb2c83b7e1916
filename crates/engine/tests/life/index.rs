//! The index: what is found without the API server, and what is not brought back.

use engine::ports::ClusterError;

use super::*;

#[tokio::test]
async fn what_is_known_is_found_while_the_api_server_is_away() {
    let lab = lab();
    let record = lab.engine.create(Some(NAME.to_owned()), spec()).await.unwrap();
    lab.cluster.fail(ClusterError::Unavailable);
    let id = &record.container.id;
    for reference in [NAME, &id.0, id.short(), &format!("/{NAME}")] {
        let found = lab.engine.inspect(reference).await.unwrap();
        assert_eq!(found.uid, record.uid, "{reference}");
    }
    // No container can have this name.
    for reference in ["no container", "", "a/b"] {
        let error = lab.engine.inspect(reference).await.unwrap_err();
        assert!(matches!(error, Error::NoSuchContainer(_)), "{reference}: {error}");
    }
    let error = lab.engine.inspect(&"0".repeat(64)).await.unwrap_err();
    assert!(matches!(error, Error::Cluster(_)), "{error}");
}

#[tokio::test]
async fn ids_are_found_by_their_beginning_and_names_before_them() {
    let lab = lab();
    let create = async |name: String| {
        let record = lab.engine.create(Some(name), spec()).await.unwrap();
        record.container.id
    };
    let ids: Vec<_> = futures::future::join_all((0..40).map(|number| create(format!("c{number}")))).await;
    for id in &ids {
        assert_eq!(lab.engine.inspect(&id.0).await.unwrap().container.id, *id);
    }
    let first = ids[0].0[..1].to_owned();
    let ambiguous = ids.iter().filter(|id| id.0.starts_with(&first)).count() > 1;
    let found = lab.engine.inspect(&first).await;
    assert_eq!(
        matches!(found, Err(Error::AmbiguousPrefix(_))),
        ambiguous,
        "{found:?}"
    );
    let named = create(first.clone()).await;
    assert_eq!(lab.engine.inspect(&first).await.unwrap().container.id, named);
}

#[tokio::test]
async fn a_list_that_is_older_than_a_removal_brings_nothing_back() {
    let lab = lab();
    let before = lab.engine.create(Some(NAME.to_owned()), spec()).await.unwrap();
    lab.engine.remove(NAME, false).await.unwrap();
    // A list that was on its way.
    lab.cluster.restore(before.clone());
    assert_eq!(lab.engine.containers().await.unwrap(), []);
    lab.engine.observe(Event::Record(Box::new(before))).await.unwrap();
    assert_eq!(lab.engine.known(), []);
}

#[tokio::test]
async fn a_record_from_a_backup_is_taken_as_it_is() {
    let lab = lab();
    let agent = lab.running().await;
    let before = lab.engine.inspect(NAME).await.unwrap();
    lab.exits(&agent, 7).await;
    lab.cluster.restore(before);
    assert_eq!(lab.engine.start(NAME).await.unwrap(), Started::Already);
    assert_eq!(lab.phase().await, Phase::Running);
    lab.exits(&agent, 9).await;
    assert_eq!(lab.phase().await, Phase::Exited);
}
