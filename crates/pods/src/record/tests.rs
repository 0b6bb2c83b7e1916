//! Tests of records as ConfigMaps.

use engine::container::Owner;

use super::*;

#[test]
fn a_record_is_read_back_as_it_was_written() {
    let record = sample::chaincode();
    let object = replacement(&record, "ns").unwrap();
    assert_eq!(object.metadata.name.as_deref(), Some(record.name.0.as_str()));
    assert_eq!(parse(&object).unwrap(), record);
}

#[test]
fn what_others_have_written_into_the_metadata_stays() {
    let mut record = sample::chaincode();
    record.container.owner = Some(Owner {
        api_version: "apps/v1".to_owned(),
        kind: "StatefulSet".to_owned(),
        name: "peer0".to_owned(),
        uid: "uid-9".to_owned(),
    });
    let mut object = build(&record.name, "ns", &record.container).unwrap();
    object.metadata.uid = Some(record.uid);
    object.metadata.resource_version = Some(record.version);
    // kubectl delete --cascade=orphan does this.
    object.metadata.owner_references = None;
    object.metadata.finalizers = Some(vec!["backup".to_owned()]);
    let labels = object.metadata.labels.as_mut().unwrap();
    labels.insert("team".to_owned(), "a".to_owned());
    labels.insert(labels::ROLE.to_owned(), "stale".to_owned());
    let again = replacement(&parse(&object).unwrap(), "ns").unwrap().metadata;
    assert_eq!(again.owner_references, None);
    assert_eq!(again.finalizers, object.metadata.finalizers);
    let labels = again.labels.unwrap();
    assert_eq!((&*labels["team"], &*labels[labels::ROLE]), ("a", "chaincode"));
}

#[test]
fn who_describes_a_record_reads_what_became_of_it() {
    let mut container = sample::chaincode().container;
    let exit = Exit {
        code: 137,
        oom_killed: true,
        error: "OOMKilled".to_owned(),
        finished_at: container.created,
    };
    let at = container.created;
    for (phase, exit, text) in [
        (Phase::Created, None, "created".to_owned()),
        (Phase::Starting, None, "start 2 is in progress".to_owned()),
        (
            Phase::Running,
            None,
            format!("start 2 has been running since {at}"),
        ),
        (
            Phase::Exited,
            Some(exit.clone()),
            format!("start 2 exited with code 137 at {at}, killed for lack of memory: OOMKilled"),
        ),
        (
            Phase::Created,
            Some(Exit {
                code: 128,
                oom_killed: false,
                error: String::new(),
                ..exit
            }),
            format!("start 2 failed with code 128 at {at}"),
        ),
    ] {
        (container.phase, container.exit) = (phase, exit);
        assert_eq!(state(&container), text);
    }
}

#[test]
fn a_record_goes_with_its_owner_which_does_not_manage_it() {
    let mut record = sample::chaincode();
    let build = |record: &Record| build(&record.name, "ns", &record.container);
    assert_eq!(build(&record).unwrap().metadata.owner_references, None);
    record.container.owner = Some(Owner {
        api_version: "apps/v1".to_owned(),
        kind: "Deployment".to_owned(),
        name: "peer0".to_owned(),
        uid: "uid-9".to_owned(),
    });
    let meta = build(&record).unwrap().metadata;
    let [owner] = &meta.owner_references.unwrap()[..] else {
        panic!("one owner");
    };
    assert_eq!((owner.kind.as_str(), owner.uid.as_str()), ("Deployment", "uid-9"));
    assert_eq!(
        (owner.controller, owner.block_owner_deletion),
        (Some(false), Some(false))
    );
}

#[test]
fn what_is_no_record_says_why() {
    let mut object = replacement(&sample::chaincode(), "ns").unwrap();
    object.data = Some(BTreeMap::from([(KEY.to_owned(), "{}".to_owned())]));
    assert!(
        parse(&object)
            .unwrap_err()
            .to_string()
            .starts_with("its container.json cannot be read: missing field")
    );
    object.data = None;
    assert_eq!(
        parse(&object).unwrap_err().to_string(),
        "it has no data under key container.json"
    );
}
