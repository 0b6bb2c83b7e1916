//! Random lives: events in any order, with any number of deaths of the process.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

/// Acts in one life.
const STEPS: usize = 60;

/// Something that happens in a life.
#[derive(Clone, Debug)]
enum Act {
    /// A transition of that kind. Its start is at this distance from the current one.
    Happens(Kind, i32),
    /// A wait is opened, and the record is updated.
    Waits,
    /// The last wait is closed, and the record is updated.
    WaitsNoMore,
    /// The process announces its news, and marks them as announced.
    Tells,
    /// The process announces the news that another one has left.
    Inherits,
    /// The process dies, and another one takes its place. If `while_telling`, it dies between an announcement
    /// and the mark on the record.
    Dies { while_telling: bool },
}

/// A record, and the process that looks after it.
struct Life {
    record: Record,
    here: Here,
    deaths: u32,
    clock: i64,
    /// The ends that this process has to announce, each with its start.
    to_tell: Vec<(u32, News)>,
    /// The number of ends of each start, and the times of those that were announced.
    ends: BTreeMap<u32, (usize, BTreeSet<Timestamp>)>,
}

impl Life {
    fn new() -> Self {
        let mut record = record(Phase::Created);
        record.container.starts = 0;
        Self {
            record,
            here: here(false),
            deaths: 0,
            clock: 0,
            to_tell: Vec::new(),
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
            Act::Tells => {
                while let Some((start, news)) = self.to_tell.pop() {
                    self.tells(start, &news);
                    self.notes(news);
                }
            }
            Act::Inherits => {
                for news in self.record.container.untold.clone() {
                    let mine = self.to_tell.iter().any(|(_, known)| *known == news);
                    if !mine {
                        self.tells(start_of(&news), &news);
                        self.notes(news);
                    }
                }
            }
            Act::Dies { while_telling } => {
                if *while_telling && let Some((start, news)) = self.to_tell.pop() {
                    self.tells(start, &news);
                }
                self.to_tell.clear();
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
        self.clock += 1;
        let now = Timestamp::from_second(self.clock).unwrap();
        let change = transition.apply(&mut self.record, &self.here, now);
        let is_end = before.is_live() && !self.record.container.phase.is_live();
        if let Some(change) = change.filter(|_| is_end) {
            self.ends.entry(change.start).or_default().0 += 1;
            self.to_tell.extend(change.news.map(|news| (change.start, news)));
        }
    }

    /// Announces news. An Event is named after its time, so that the same news make only one Event.
    fn tells(&mut self, start: u32, news: &News) {
        self.ends.entry(start).or_default().1.insert(news.at);
    }

    fn notes(&mut self, news: News) {
        self.happens(&Transition::Announced {
            start: self.record.container.starts,
            news,
            last_lines: vec![last_line()],
        });
    }
}

/// Returns the start whose Pod the news name.
fn start_of(news: &News) -> u32 {
    let pod = news
        .message
        .split_whitespace()
        .find_map(|word| word.strip_prefix("kv-"));
    let number = pod.and_then(|pod| pod.trim_end_matches(':').rsplit('-').next());
    number
        .and_then(|number| number.parse().ok())
        .expect("news name their pod")
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    // Frequent events of real lives come more often.
    let kinds = [
        (4, Kind::Claimed),
        (1, Kind::Repeated),
        (4, Kind::Began),
        (2, Kind::FailedToBegin),
        (4, Kind::Ended),
        (2, Kind::EndedUnseen),
        (1, Kind::Vanished),
        (1, Kind::Explained),
        (1, Kind::DiedAtOnce),
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
        2 => Just(Act::Tells),
        1 => Just(Act::Inherits),
        1 => any::<bool>().prop_map(|while_telling| Act::Dies { while_telling }),
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
    fn an_end_is_announced_once_whenever_the_process_dies(acts in acts()) {
        let mut life = Life::new();
        for act in acts.iter().chain(&[Act::Tells, Act::Inherits]) {
            life.act(act);
            for (start, (ends, told)) in &life.ends {
                prop_assert!(*ends == 1 && told.len() <= 1, "start {}: {} ends, told {:?}", start, ends, told);
            }
        }
        for (start, (_, told)) in &life.ends {
            prop_assert!(told.len() == 1, "start {} has not been announced", start);
        }
        prop_assert!(life.record.container.untold.is_empty());
    }
}
