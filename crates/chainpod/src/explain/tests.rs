//! What is meant by a name, and how a table looks.

use engine::container::Spec;
use engine::image::{Digest, Image};
use engine::name::{ContainerId, RecordName};

use super::*;

const HASH: &str = "477e9776d271bc0497912643ec86ff0fd50959040ae6cc0b52cd24c6d5917f68";

fn record(name: &str, id: &str) -> Record {
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
        version: "1".to_owned(),
        container,
    }
}

fn records() -> Vec<Record> {
    vec![
        record(&format!("dev-peer1-kv_1-{HASH}"), "abcd"),
        record(&format!("dev-peer0-kv_1-{HASH}"), "abce"),
        record("own", "1234"),
    ]
}

#[test]
fn a_name_an_id_or_a_chaincode_is_meant() {
    let peer1 = format!("dev-peer1-kv_1-{HASH}");
    let names = |name: &str| -> Result<Vec<String>> {
        let records = records();
        let meant = meant(&records, name)?.into_iter();
        Ok(meant.map(|record| record.container.name.clone()).collect())
    };
    assert_eq!(names("/own").unwrap(), ["own"]);
    assert_eq!(names("1234").unwrap(), ["own"]);
    assert_eq!(names(&peer1).unwrap(), [peer1.as_str()]);
    assert_eq!(names("abcd").unwrap(), [peer1.as_str()]);
    assert_eq!(names("KV_1").unwrap().len(), 2);
    let error = |name: &str| names(name).unwrap_err().to_string();
    assert_eq!(
        error("abc"),
        "2 containers have an id that begins with abc: give more of it"
    );
    assert_eq!(error("other"), "no container and no chaincode is called other");
}

#[test]
fn a_table_has_a_line_for_each_field() {
    let rules =
        Rules::parse("pods: [{name: mine, match: {peer: peer1}, nodeSelector: {disk: ssd}}]").unwrap();
    let text = text(&rules, &records(), "kv_1").unwrap();
    let tables: Vec<_> = text.split("\n\n").collect();
    assert_eq!(tables.len(), 2, "{text}");
    assert!(
        !tables[0].contains("disk"),
        "peer0 first, and no rule is about it: {text}"
    );
    assert_eq!(
        tables[1],
        format!(
            "dev-peer1-kv_1-{HASH} (abcdabcdabcd, chaincode kv_1, peer peer1)\n\
             FIELD                      VALUE         FROM\n\
             command                    [\"run\"]       client\n\
             env.TEXT                   \"a\\nb\"        client\n\
             image                      base:1        client\n\
             imagePullPolicy            IfNotPresent  default\n\
             nodeSelector.disk          ssd           mine\n\
             resources.requests.cpu     10000000n     default\n\
             resources.requests.memory  33554432      default\n\
             runAsUser                  500           default\n"
        )
    );
}
