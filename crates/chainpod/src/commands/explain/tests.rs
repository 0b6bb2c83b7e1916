//! The layout of the tables.

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
    let lines: Vec<Vec<_>> = tables[1]
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(
        lines[0].join(" "),
        format!("dev-peer1-kv_1-{HASH} (abcdabcdabcd, chaincode kv_1, peer peer1)")
    );
    assert_eq!(lines[1], HEADS);
    for line in [
        ["command", "[\"run\"]", "client"],
        ["env.TEXT", "\"a\\nb\"", "client"],
        ["image", "base:1", "client"],
        ["imagePullPolicy", "IfNotPresent", "default"],
        ["labels.chainpod.dev/peer", "peer1", "default"],
        ["nodeSelector.disk", "ssd", "mine"],
        ["resources.requests.cpu", "10000000n", "default"],
        ["restartPolicy", "Never", "default"],
        ["runAsUser", "500", "default"],
    ] {
        assert!(lines.contains(&line.to_vec()), "{line:?} is not in {}", tables[1]);
    }
}
