//! The whole table, cell by cell, and random lives.

use jiff::Timestamp;

use super::*;
use crate::container::{Container, Exit, KeptLine, Record, Spec, Upload};
use crate::failure::{Cause, End};
use crate::image::{Digest, Image, ImageCommand, Overlay};
use crate::name::{BootId, RecordName, Scope};
use crate::news::News;
use crate::phase::{Legality, Operation, Phase};

mod random;

/// The start that the records are at.
const START: u32 = 3;
const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn here(waits: bool) -> Here {
    let boot = BootId("here".to_owned());
    Here { boot, waits }
}

/// Returns a record that is at its third start.
fn record(phase: Phase) -> Record {
    let image = Image {
        id: Digest("sha256:00".to_owned()),
        name: "kv:latest".to_owned(),
        reference: "base".to_owned(),
        overlay: Some(Overlay::default()),
        created: NOW,
        always_pull: false,
    };
    let scope = Scope("s".to_owned());
    let mut container = Container::new("kv".to_owned(), scope.clone(), Spec::default(), image);
    container.phase = phase;
    container.starts = START;
    if phase == Phase::Exited {
        container.exit = Some(Exit {
            code: 143,
            oom_killed: false,
            error: String::new(),
            finished_at: NOW,
        });
    }
    Record {
        name: RecordName::new(&scope, "kv"),
        uid: "uid".to_owned(),
        version: "1".to_owned(),
        metadata: "".into(),
        container,
    }
}

fn upload(path: &str) -> Upload {
    Upload::Archive {
        digest: Digest("sha256:01".to_owned()),
        path: path.to_owned(),
    }
}

fn last_line() -> KeptLine {
    KeptLine {
        time: NOW,
        text: "last\n".to_owned(),
    }
}

fn news() -> News {
    News {
        at: NOW,
        reason: "Exited".into(),
        message: String::new(),
        is_warning: false,
    }
}

/// Returns a transition of that kind, about that start if it is about one.
fn transition(kind: Kind, start: u32) -> Transition {
    let failure = || Cause::Refused("no".to_owned());
    match kind {
        Kind::Claimed => Transition::Claimed {
            built_for: None,
            image_command: None,
        },
        Kind::Repeated => Transition::Repeated { start },
        Kind::CommandFound => Transition::CommandFound(ImageCommand::default()),
        Kind::Began => Transition::Began { start },
        Kind::FailedToBegin => Transition::FailedToBegin {
            start,
            cause: failure(),
        },
        Kind::Ended => Transition::Ended {
            start,
            code: 7,
            end: End::Itself,
            asked: false,
            has_run: true,
        },
        Kind::EndedUnseen => Transition::EndedUnseen { start },
        Kind::Vanished => Transition::Vanished {
            start,
            holder: Some(here(false).boot),
            asked: false,
        },
        Kind::Explained => Transition::Explained {
            start,
            end: End::Deleted,
        },
        Kind::DiedAtOnce => Transition::DiedAtOnce {
            start,
            cause: failure(),
        },
        Kind::Held => Transition::Held,
        Kind::LetGo => Transition::LetGo,
        Kind::Announced => Transition::Announced {
            start,
            news: news(),
            last_lines: vec![last_line()],
        },
        Kind::Uploaded => Transition::Uploaded(upload("/new")),
        Kind::UploadFailed => Transition::UploadFailed(upload("/old")),
        Kind::HandedOver => Transition::HandedOver {
            start,
            directory: "/out".to_owned(),
            digest: Digest("sha256:02".to_owned()),
        },
    }
}

/// Returns a record in that phase to which the step applies.
fn before(phase: Phase, step: Step) -> Record {
    let mut record = record(phase);
    record.container.uploads.push(upload("/old"));
    record.container.untold.push(news());
    let holder = match step.follows().holder {
        Holder::Comes => "a process that has died",
        Holder::Goes | Holder::Stays => "here",
    };
    record.container.holder = Some(BootId(holder.to_owned()));
    record
}

#[test]
fn every_cell_does_what_its_step_says() {
    for (kind, steps) in LIFE {
        for (phase, step) in Phase::ALL.into_iter().zip(steps) {
            let case = format!("{kind:?} while {phase:?}: {step:?}");
            let old = before(phase, step);
            let mut new = old.clone();
            let change = transition(kind, START).apply(&mut new, &here(false), NOW);
            if step == Step::Ignore {
                assert_eq!((change, new), (None, old), "{case}");
                continue;
            }
            let (change, follows) = (change.expect(&case), step.follows());
            assert_ne!(new, old, "{case}");
            assert_eq!(new.container.phase, follows.phase.unwrap_or(phase), "{case}");
            let holder = (follows.holder != Holder::Goes).then(|| here(false).boot);
            assert_eq!(new.container.holder, holder, "{case}");
            assert_eq!(change.start, new.container.starts, "{case}");
            assert_eq!(change.news.is_some(), follows.news != Telling::Silent, "{case}");
            let untold = [news()].into_iter().filter(|_| kind != Kind::Announced);
            let kept = change.news.filter(|_| follows.news == Telling::Kept);
            let untold: Vec<_> = untold.chain(kept).collect();
            assert_eq!(new.container.untold, untold, "{case}");
            assert_eq!(change.keeps_last_lines, follows.keeps_last_lines, "{case}");
            assert_eq!(change.ends_pod.is_some(), follows.ends_pod, "{case}");
        }
    }
}

#[test]
fn every_kind_and_every_step_has_one_row() {
    for (index, (kind, steps)) in LIFE.into_iter().enumerate() {
        assert_eq!(kind as usize, index);
        assert_eq!(transition(kind, START).kind(), kind);
        for step in steps {
            assert_eq!(
                FOLLOWS.iter().filter(|(row, _)| *row == step).count(),
                1,
                "{step:?}"
            );
        }
    }
    for (index, (step, _)) in FOLLOWS.into_iter().enumerate() {
        assert_eq!(step as usize, index);
    }
}

#[test]
fn what_is_about_another_start_changes_nothing() {
    for (kind, _) in LIFE {
        for (phase, start) in Phase::ALL.into_iter().flat_map(|phase| [(phase, 2), (phase, 4)]) {
            let transition = transition(kind, start);
            let mut new = record(phase);
            let old = new.clone();
            if transition.start().is_some() {
                assert_eq!(transition.apply(&mut new, &here(false), NOW), None, "{kind:?}");
                assert_eq!(new, old, "{kind:?} while {phase:?}");
            }
        }
    }
}

#[test]
fn what_may_be_asked_for_is_done() {
    for phase in Phase::ALL {
        let is_done = |kind: Kind| kind.in_phase(phase) != Step::Ignore;
        let is_legal = |operation: Operation| operation.in_phase(phase) == Legality::Do;
        assert_eq!(is_done(Kind::Claimed), is_legal(Operation::Start), "{phase:?}");
        assert_eq!(is_done(Kind::Uploaded), is_legal(Operation::Upload), "{phase:?}");
        assert_eq!(is_done(Kind::EndedUnseen), is_legal(Operation::Stop), "{phase:?}");
    }
}

#[test]
fn a_holder_stays_while_it_has_a_wait_open() {
    for (kind, steps) in LIFE {
        for (phase, step) in Phase::ALL.into_iter().zip(steps) {
            let mut record = before(phase, step);
            transition(kind, START).apply(&mut record, &here(true), NOW);
            assert!(record.container.holder.is_some(), "{kind:?} while {phase:?}");
        }
    }
}

#[test]
fn a_start_is_taken_over_or_repeated_once() {
    let mut record = before(Phase::Starting, Step::TakeOver);
    for kind in [Kind::Claimed, Kind::Repeated] {
        let mut again = |start| transition(kind, start).apply(&mut record, &here(false), NOW);
        assert!(again(START).is_some(), "{kind:?}");
        assert_eq!((again(START), again(START + 1)), (None, None), "{kind:?}");
    }
}

#[test]
fn a_start_begins_anew() {
    let mut ended = before(Phase::Exited, Step::Start).container;
    ended.started_at = Some(NOW);
    ended.repeats = Some(2);
    ended.last_lines.push(last_line());
    let mut begun = Record {
        container: ended.clone(),
        ..record(Phase::Exited)
    };
    transition(Kind::Claimed, START).apply(&mut begun, &here(false), NOW);
    let expected = Container {
        phase: Phase::Starting,
        starts: START + 1,
        repeats: None,
        started_at: None,
        exit: None,
        last_lines: Vec::new(),
        holder: Some(here(false).boot),
        ..ended
    };
    assert_eq!(begun.container, expected);
}
