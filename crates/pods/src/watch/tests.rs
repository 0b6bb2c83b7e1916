//! Tests of the events that a watch reports.

use super::*;
use crate::record::sample;
use kube::runtime::watcher::Event as Watched;

mod server;

fn object(uid: &str) -> ConfigMap {
    let mut record = sample::chaincode();
    record.uid = uid.to_owned();
    record::replacement(&record, "ns").unwrap()
}

/// Returns `+UID` for an object that exists, and `-UID` for one that is gone.
fn told(events: Vec<Event>) -> Vec<String> {
    let text = |event| match event {
        Event::Record(record) => format!("+{}", record.uid),
        Event::RecordGone(_, uid) => format!("-{uid}"),
        other => format!("{other:?}"),
    };
    events.into_iter().map(text).collect()
}

#[test]
fn what_vanished_between_two_lists_is_told_as_gone() {
    let mut known = Known::new(|object: &ConfigMap| record_seen(object, "lab"));
    let mut step = |event| told(known.step(&event));
    assert!(step(Watched::Init).is_empty());
    assert_eq!(step(Watched::InitApply(object("a"))), ["+a"]);
    assert!(step(Watched::InitDone).is_empty());
    assert_eq!(step(Watched::Apply(object("b"))), ["+b"]);
    assert_eq!(step(Watched::Apply(object("c"))), ["+c"]);
    assert_eq!(step(Watched::Delete(object("c"))), ["-c"]);
    step(Watched::Init);
    assert_eq!(step(Watched::InitApply(object("b"))), ["+b"]);
    assert_eq!(step(Watched::InitDone), ["-a"]);
}

#[test]
fn what_is_not_ours_is_skipped() {
    let mut known = Known::new(|object: &ConfigMap| record_seen(object, "other"));
    assert!(known.step(&Watched::Apply(object("a"))).is_empty());
    assert!(known.step(&Watched::Delete(object("a"))).is_empty());
}
