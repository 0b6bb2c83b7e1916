//! The layout of the lists.

use engine::phase::Phase;

use super::row::{age, memory};
use super::*;
use crate::by_name::tests::{HASH, record};

fn views() -> Vec<View> {
    let view = |record| View {
        record,
        pod: None,
        earlier: None,
    };
    let mut chaincode = record(&format!("dev-peer0-kv_1-{HASH}"), "abcd");
    chaincode.container.phase = Phase::Running;
    chaincode.container.starts = 3;
    vec![view(chaincode), view(record("own", "1234"))]
}

#[test]
fn a_table_has_a_line_for_each_container() {
    let text = text(&views(), Format::Table);
    let lines: Vec<Vec<_>> = text
        .lines()
        .map(|line| {
            line.split("  ")
                .map(str::trim)
                .filter(|cell| !cell.is_empty())
                .collect()
        })
        .collect();
    assert_eq!(
        lines,
        [
            vec![
                "CHAINCODE",
                "PEER",
                "POD",
                "NODE",
                "STATE",
                "RESTARTS",
                "AGE",
                "MEMORY"
            ],
            vec!["kv_1", "peer0", "-", "-", "pod gone", "2", "0s", "-"],
            vec!["-", "-", "-", "-", "created", "0", "0s", "-"],
        ]
    );
}

#[test]
fn what_is_read_by_programs_has_names_that_stay() {
    let views = views();
    let all: serde_json::Value = serde_json::from_str(&text(&views, Format::Json)).unwrap();
    assert_eq!(
        (&all[0]["chaincode"], &all[0]["restarts"]),
        (&"kv_1".into(), &2.into())
    );
    assert_eq!(all[1]["state"], "created");
    assert_eq!(text(&views[1..], Format::Name), "own\n");
    assert!(text(&views, Format::Wide).contains("abcdabcdabcd"));
}

#[test]
fn only_what_matters_is_a_change() {
    let mut view = views().remove(0);
    let line = |view: &View| lines(std::slice::from_ref(view))["u"].clone();
    let before = line(&view);
    view.record.version = "8".to_owned();
    assert_eq!(line(&view), before);
    view.record.container.phase = Phase::Exited;
    assert_ne!(line(&view), before);
}

#[test]
fn a_change_is_a_line_as_wide_as_the_table() {
    let views = views();
    let only_own = |view: &View| view.container().name == "own";
    let table = text(&views, Format::Table);
    let line = table.lines().last().unwrap();
    assert_eq!(
        text_of_changed(&views, Format::Table, only_own),
        format!("{line}\n")
    );
    let line = text_of_changed(&views, Format::Json, only_own);
    let json: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        (json["container"].as_str(), line.lines().count()),
        (Some("own"), 1)
    );
    assert_eq!(text_of_changed(&views, Format::Name, |_| false), "");
}

#[test]
fn ages_and_memory_are_short() {
    for (seconds, expected) in [
        (-1, "0s"),
        (119, "119s"),
        (120, "2m"),
        (7199, "119m"),
        (7200, "2h"),
        (172_800, "2d"),
    ] {
        assert_eq!(age(seconds), expected);
    }
    for (quantity, expected) in [
        ("2147483648", "2Gi"),
        ("268435456", "256Mi"),
        ("1000", "1000"),
        ("1G", "1G"),
        ("0", "0"),
    ] {
        assert_eq!(memory(quantity), expected);
    }
}
