//! The containers that a name means.

use engine::container::Spec;
use engine::image::{Digest, Image};
use engine::name::{ContainerId, RecordName, Scope};

use super::*;

pub(crate) const HASH: &str = "477e9776d271bc0497912643ec86ff0fd50959040ae6cc0b52cd24c6d5917f68";

/// Returns the record of a container with that name, whose id repeats those digits.
pub(crate) fn record(name: &str, id: &str) -> Record {
    let scope = Scope("s".to_owned());
    let spec = Spec {
        cmd: Some(vec!["run".to_owned()]),
        env: vec!["TEXT=a\nb".to_owned()],
        ..Spec::default()
    };
    let image = Image {
        id: Digest("sha256:00".to_owned()),
        name: "base:1".to_owned(),
        reference: "base:1".to_owned(),
        overlay: None,
        created: jiff::Timestamp::UNIX_EPOCH,
        always_pull: false,
    };
    let container = Container {
        id: ContainerId(id.repeat(16)),
        ..Container::new(name.to_owned(), scope.clone(), spec, image)
    };
    Record {
        name: RecordName::new(&scope, name),
        uid: "u".to_owned(),
        metadata: "".into(),
        version: "1".to_owned(),
        container,
    }
}

pub(crate) fn records() -> Vec<Record> {
    vec![
        record(&format!("dev-peer1-kv_1-{HASH}"), "abcd"),
        record(&format!("dev-peer0-kv_1-{HASH}"), "abce"),
        record("own", "1234"),
    ]
}

fn names(records: &[Record], name: &str) -> Result<Vec<String>> {
    let meant = meant(records, name)?.into_iter();
    Ok(meant.map(|record| record.container.name.clone()).collect())
}

#[test]
fn a_name_an_id_or_a_chaincode_is_meant() {
    let peer1 = format!("dev-peer1-kv_1-{HASH}");
    let records = records();
    let names = |name: &str| names(&records, name);
    assert_eq!(names("/own").unwrap(), ["own"]);
    assert_eq!(names("1234").unwrap(), ["own"]);
    assert_eq!(names(&peer1).unwrap(), [peer1.as_str()]);
    assert_eq!(names("abcd").unwrap(), [peer1.as_str()]);
    for chaincode in ["KV_1", "kv", "KV"] {
        assert_eq!(names(chaincode).unwrap().len(), 2, "{chaincode}");
    }
    let error = |name: &str| names(name).unwrap_err().to_string();
    assert_eq!(
        error("abc"),
        "the ids of 2 containers begin with abc: give a longer part"
    );
    for nothing in ["other", "k", "kv_"] {
        assert_eq!(
            error(nothing),
            format!("no container or chaincode has the name {nothing}")
        );
    }
}

#[test]
fn a_name_of_several_chaincodes_says_which() {
    let mut records = records();
    records.push(record(&format!("dev-peer1-kv_2-{HASH}"), "ffff"));
    let error = names(&records, "kv").unwrap_err().to_string();
    assert_eq!(error, "kv matches kv_1, kv_2: give one of these names");
    assert_eq!(names(&records, "kv_2").unwrap().len(), 1);
}
