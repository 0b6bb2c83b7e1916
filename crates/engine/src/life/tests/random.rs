//! Random lives: whatever happens, in whichever order, and however often the process dies.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::ports::News;

/// How much happens in one life.
const STEPS: usize = 60;

/// Something that happens in a life.
#[derive(Clone, Debug)]
enum Act {
    /// A transition of that kind, about the start that is so far from the current one.
    Happens(Kind, i32),
    /// A wait is opened, and the record told so.
    Waits,
    /// The last wait is closed, and the record told so.
    WaitsNoMore,
    /// The process dies, and another one comes.
    Dies,
}

/// A record, and the process that looks after it.
struct Life {
    record: Record,
    here: Here,
    deaths: u32,
    /// The ends that have been announced, by start.
    ends: BTreeMap<u32, Vec<News>>,
}

impl Life {
    fn new() -> Self {
        let mut record = record(Phase::Created);
        record.container.starts = 0;
        Self {
            record,
            here: here(false),
            deaths: 0,
            ends: BTreeMap::new(),
        }
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Happens(kind, offset) => {
                let start = self.record.container.starts.saturating_add_signed(*offset);
                self.happens(&transition(*kind, start));
            }
            Act::Waits => {
                self.here.waits = true;
                self.happens(&Transition::Held);
            }
            Act::WaitsNoMore => {
                self.here.waits = false;
                self.happens(&Transition::LetGo);
            }
            Act::Dies => {
                self.deaths += 1;
                self.here = Here {
                    boot: BootId(self.deaths.to_string()),
                    waits: false,
                };
            }
        }
    }

    fn happens(&mut self, transition: &Transition) {
        let before = self.record.container.phase;
        let change = transition.apply(&mut self.record, &self.here, NOW);
        let is_end = before.is_live() && !self.record.container.phase.is_live();
        if is_end && let Some(change) = change {
            let ends = self.ends.entry(change.start).or_default();
            ends.extend(change.news);
        }
    }
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    // What makes up most lives comes more often.
    let kinds = [
        (4, Kind::Claimed),
        (1, Kind::Repeated),
        (4, Kind::Began),
        (2, Kind::FailedToBegin),
        (4, Kind::Ended),
        (2, Kind::EndedUnseen),
        (1, Kind::Explained),
        (1, Kind::DiedAtOnce),
        (1, Kind::LinesRead),
    ];
    let kinds = prop::strategy::Union::new_weighted(
        kinds
            .into_iter()
            .map(|(weight, kind)| (weight, Just(kind)))
            .collect(),
    );
    let offset = prop_oneof![6 => Just(0), 1 => Just(-1), 1 => Just(1)];
    let act = prop_oneof![
        12 => (kinds, offset).prop_map(|(kind, offset)| Act::Happens(kind, offset)),
        2 => Just(Act::Waits),
        2 => Just(Act::WaitsNoMore),
        1 => Just(Act::Dies),
    ];
    prop::collection::vec(act, 1..STEPS)
}

proptest! {
    #[test]
    fn starts_never_go_back(acts in acts()) {
        let mut life = Life::new();
        for act in &acts {
            let before = life.record.container.starts;
            life.act(act);
            let after = life.record.container.starts;
            prop_assert!(after == before || after == before + 1);
        }
    }

    #[test]
    fn an_exit_is_of_what_runs_no_more(acts in acts()) {
        let mut life = Life::new();
        for act in &acts {
            life.act(act);
            let container = &life.record.container;
            prop_assert!(!container.phase.is_live() || container.exit.is_none());
            prop_assert!(container.phase != Phase::Exited || container.exit.is_some());
            prop_assert!(container.phase == Phase::Exited || container.last_lines.is_empty());
        }
    }

    #[test]
    fn a_process_holds_what_it_waits_for_or_starts_and_nothing_else(acts in acts()) {
        let mut life = Life::new();
        for act in &acts {
            life.act(act);
            let container = &life.record.container;
            let is_starting = container.phase == Phase::Starting;
            let is_held = container.holder.as_ref() == Some(&life.here.boot);
            prop_assert!(!is_held || life.here.waits || is_starting);
            prop_assert!(!life.here.waits || is_held);
            prop_assert!(!is_starting || container.holder.is_some());
        }
    }

    #[test]
    fn an_end_is_announced_at_most_once(acts in acts()) {
        let mut life = Life::new();
        for act in &acts {
            life.act(act);
        }
        for (start, news) in life.ends {
            prop_assert!(news.len() <= 1, "start {}: {:?}", start, news);
        }
    }
}
