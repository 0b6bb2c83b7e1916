//! The places in which the sentence of a row appears.

use std::time::Duration;

use harness::await_so;
use serde_json::Value;

use super::World;
use super::row::Row;

/// Events and log lines are not waited for by anybody.
const SOON: Duration = Duration::from_secs(5);
/// The API server's limit for an Event's message.
const MESSAGE_BYTES: usize = 1024;
/// Docker's value for a time that has not come yet.
const NO_TIME: &str = "0001-01-01T00:00:00Z";

/// `State.Error`.
pub(crate) fn error(world: &World, container: &str) -> String {
    let inspected = world.docker.inspect(container).unwrap();
    inspected["State"]["Error"].as_str().unwrap().to_owned()
}

/// In inspect: the sentence, and all that Docker says of an end.
pub(crate) fn state(world: &World, row: &Row, sentence: &str) {
    let state = &world.docker.inspect(&row.container()).unwrap()["State"];
    let text = |field: &str| state[field].as_str().unwrap();
    assert_eq!(text("Error"), sentence, "{}", row.name);
    assert_eq!(state["ExitCode"], row.code, "{}: {state}", row.name);
    assert_eq!(state["OOMKilled"], row.oom_killed, "{}: {state}", row.name);
    let status = if row.ran { "exited" } else { "created" };
    assert_eq!(text("Status"), status, "{}: {state}", row.name);
    for time in ["StartedAt", "FinishedAt"] {
        assert_eq!(text(time) != NO_TIME, row.ran, "{}: {state}", row.name);
    }
    assert!(text("StartedAt") <= text("FinishedAt"), "{}: {state}", row.name);
}

/// Among the Events on its record.
pub(crate) fn event(world: &World, row: &Row, sentence: &str) {
    let message = &sentence[..sentence.floor_char_boundary(MESSAGE_BYTES)];
    let selector = "--field-selector=involvedObject.kind=ConfigMap,type=Warning";
    let is_told = || {
        let list = world
            .chainpod
            .kubectl(&["get", "events", selector, "-o", "json"])
            .unwrap();
        let list: Value = serde_json::from_str(&list).unwrap();
        let mut events = list["items"].as_array().unwrap().iter();
        events.any(|event| event["reason"] == row.event && event["message"] == message)
    };
    await_so(
        &format!("{}: an Event {} with {message:?}", row.name, row.event),
        SOON,
        is_told,
    );
}

/// In chainpod's log, with whom it is about.
pub(crate) fn log_line(world: &World, row: &Row, sentence: &str) {
    let container = row.container();
    let is_logged = || {
        let log = world.chainpod.log();
        let mut lines = log
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.any(|line| {
            let (fields, span) = (&line["fields"], &line["span"]);
            line["level"] == "WARN"
                && (&fields["reason"], &fields["message"]) == (&row.event.into(), &sentence.into())
                && (&span["container"], &span["chaincode"], &span["peer"])
                    == (&container.as_str().into(), &row.name.into(), &"peer0".into())
        })
    };
    await_so(
        &format!("{}: a log line with {sentence:?}", row.name),
        SOON,
        is_logged,
    );
}
