use super::*;

fn failed(json: &str) -> StartFailure {
    match serde_json::from_str(json).unwrap() {
        Event::Failed(failure) => failure,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_failure_is_written_with_its_kind_and_read_as_it_was() {
    for (failure, json) in [
        (
            StartFailure::new(FailureKind::Files, "away".to_owned()),
            r#"{"event":"failed","kind":"files","message":"away","exitCode":125}"#,
        ),
        (
            StartFailure::new(FailureKind::NotExecutable, "denied".to_owned()),
            r#"{"event":"failed","kind":"notExecutable","message":"denied","exitCode":126}"#,
        ),
        (
            StartFailure::new(FailureKind::NotFound, "absent".to_owned()),
            r#"{"event":"failed","kind":"notFound","message":"absent","exitCode":127}"#,
        ),
        (
            StartFailure::new(FailureKind::Other, "strange".to_owned()),
            r#"{"event":"failed","kind":"other","message":"strange","exitCode":128}"#,
        ),
        (
            StartFailure::signalled(15),
            r#"{"event":"failed","kind":"signalled","message":"signal 15 arrived before the program started","exitCode":143}"#,
        ),
    ] {
        assert_eq!(failed(json), failure);
        assert_eq!(serde_json::to_string(&Event::Failed(failure)).unwrap(), json);
    }
}

/// The agent of a Pod may be older than the chainpod that it reports to.
#[test]
fn an_agent_that_sends_no_kind_says_it_by_the_exit_code() {
    for (exit_code, kind) in [
        (125, FailureKind::Files),
        (126, FailureKind::NotExecutable),
        (127, FailureKind::NotFound),
        (128, FailureKind::Other),
        (137, FailureKind::Signalled),
        (143, FailureKind::Signalled),
    ] {
        let json = format!(r#"{{"event":"failed","message":"why","exitCode":{exit_code}}}"#);
        let message = "why".to_owned();
        let expected = StartFailure {
            kind,
            message,
            exit_code,
        };
        assert_eq!(failed(&json), expected);
    }
}

#[test]
fn a_start_and_an_end_are_written_as_ever() {
    for (event, json) in [
        (Event::Started, r#"{"event":"started"}"#),
        (
            Event::Exited {
                exit_code: 3,
                oom_killed: false,
            },
            r#"{"event":"exited","exitCode":3,"oomKilled":false}"#,
        ),
    ] {
        assert_eq!(serde_json::to_string(&event).unwrap(), json);
        assert_eq!(serde_json::from_str::<Event>(json).unwrap(), event);
    }
}

#[test]
fn the_kind_counts_and_one_of_a_later_agent_is_another_failure() {
    let json = r#"{"event":"failed","kind":"files","message":"why","exitCode":127}"#;
    assert_eq!(failed(json).kind, FailureKind::Files);
    let json = r#"{"event":"failed","kind":"unheardOf","message":"why","exitCode":127}"#;
    assert_eq!(failed(json).kind, FailureKind::Other);
}
