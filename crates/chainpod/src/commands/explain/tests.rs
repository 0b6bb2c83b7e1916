//! How a table looks.

use super::*;
use crate::by_name::tests::{HASH, records};

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
