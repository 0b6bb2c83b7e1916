//! The open builds, and the caller of each. The request for a build container does not name the chaincode.
//! But its peer has already opened the build of the chaincode's image, and the image's name contains the
//! chaincode's name.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::caller::Caller;
use crate::container::{Container, Role, Spec};
use crate::engine::Engine;
use crate::fabric::{BuiltFor, FabricName};

/// The maximum number of remembered create calls whose image was missing. A 1.4 peer opens its build
/// milliseconds later.
const MISSED_MAX: usize = 64;

#[derive(Default)]
pub(in crate::engine) struct Builds(Mutex<State>);

#[derive(Default)]
struct State {
    opened: u64,
    open: Vec<Open>,
    /// The newest entry is last.
    missed: VecDeque<Missed>,
}

struct Open {
    number: u64,
    caller: Caller,
    built_for: BuiltFor,
}

/// A container that could not be created because its image had not been built.
struct Missed {
    caller: Caller,
    image: String,
    built_for: BuiltFor,
}

/// Closes a build when it is dropped.
pub(in crate::engine) struct OpenBuild<'a> {
    builds: &'a Builds,
    number: u64,
}

impl Builds {
    /// Adds an open build of an image with these names.
    pub(in crate::engine) fn open(&self, caller: Caller, tags: &[String]) -> OpenBuild<'_> {
        let mut state = self.lock();
        let missed = state
            .missed
            .iter()
            .position(|missed| missed.caller == caller && tags.contains(&missed.image));
        let missed = missed.and_then(|found| state.missed.remove(found));
        let of_tags = || tags.iter().find_map(|tag| BuiltFor::of_image(tag));
        let built_for = missed.map(|missed| missed.built_for).or_else(of_tags);
        state.opened += 1;
        let number = state.opened;
        state.open.push(Open {
            number,
            caller,
            built_for: built_for.unwrap_or_default(),
        });
        OpenBuild { builds: self, number }
    }

    /// Remembers the chaincode of a missing image. The create of a 1.4 peer names its MSP and the exact
    /// spelling. The build that follows has only the image's name.
    fn miss(&self, caller: Caller, image: &str, built_for: BuiltFor) {
        let mut state = self.lock();
        let image = image.to_owned();
        state
            .missed
            .retain(|known| known.caller != caller || known.image != image);
        if state.missed.len() == MISSED_MAX {
            state.missed.pop_front();
        }
        state.missed.push_back(Missed {
            caller,
            image,
            built_for,
        });
    }

    /// Returns the chaincode of each build that is open from that caller.
    fn of(&self, caller: Caller) -> Vec<BuiltFor> {
        let state = self.lock();
        let theirs = state.open.iter().filter(|open| open.caller == caller);
        theirs.map(|open| open.built_for.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for OpenBuild<'_> {
    fn drop(&mut self) {
        self.builds.lock().open.retain(|open| open.number != self.number);
    }
}

impl Engine {
    /// Returns the chaincode that a build container compiles, as far as all open builds of the caller agree,
    /// or none if no build is open.
    pub(in crate::engine) fn attribution(&self, container: &Container) -> Option<BuiltFor> {
        if container.role != Role::Build {
            return None;
        }
        let open = self.0.builds.of(self.1).into_iter();
        open.map(|one| self.as_known(one)).reduce(BuiltFor::common)
    }

    /// Adds data from other containers of the same peer that an image's name lacks: the peer's MSP, and the
    /// spelling of peer and chaincode. The image's name is in lower case.
    fn as_known(&self, mut built_for: BuiltFor) -> BuiltFor {
        let Some(peer) = built_for.peer.clone() else {
            return built_for;
        };
        for live in self.0.index.all() {
            let container = live.record().container;
            let same =
                |known: Option<&str>, name: &str| known.is_some_and(|known| known.eq_ignore_ascii_case(name));
            if container.role != Role::Chaincode || !same(container.peer(), &peer) {
                continue;
            }
            built_for.peer = container.peer().map(str::to_owned);
            built_for.msp = container.msp().map(str::to_owned).or(built_for.msp);
            if let Some(chaincode) = &built_for.chaincode
                && same(container.chaincode(), chaincode)
            {
                built_for.chaincode = container.chaincode().map(str::to_owned);
            }
        }
        built_for
    }

    /// Remembers the chaincode of a create that came before its image's build.
    pub(in crate::engine) fn miss(&self, name: &str, spec: &Spec) {
        let id = spec.chaincode_id();
        if let Some(found) = id.and_then(|id| FabricName::parse_legacy(name.trim_start_matches('/'), id)) {
            let built_for = BuiltFor {
                msp: spec.msp().map(str::to_owned),
                ..BuiltFor::from(found)
            };
            self.0.builds.miss(self.1, &spec.image, built_for);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMAGE: &str = "dev-peer0-kv-1-db02f6a34ad56516aefaf532bc643d0a2ab5c8245301ed489d7be096aba3e43a";

    fn caller(last: u8) -> Caller {
        Caller::at([10, 0, 0, last].into())
    }

    #[test]
    fn a_build_is_its_callers_while_it_is_open() {
        let builds = Builds::default();
        let open = builds.open(caller(1), &[IMAGE.to_owned()]);
        let _other = builds.open(caller(1), &[]);
        assert_eq!(builds.of(caller(2)), []);
        assert_eq!(builds.of(caller(1))[0].peer.as_deref(), Some("peer0"));
        drop(open);
        assert_eq!(builds.of(caller(1)), [BuiltFor::default()]);
    }

    #[test]
    fn what_was_missed_is_told_once_and_to_its_caller_alone() {
        let builds = Builds::default();
        let missed = || BuiltFor {
            chaincode: Some("Kv".to_owned()),
            ..BuiltFor::default()
        };
        for number in 0..MISSED_MAX {
            builds.miss(caller(1), &number.to_string(), missed());
        }
        builds.miss(caller(1), IMAGE, missed());
        assert_eq!(builds.lock().missed.len(), MISSED_MAX);
        let chaincode = |last| {
            let _open = builds.open(caller(last), &[IMAGE.to_owned()]);
            builds.of(caller(last)).remove(0).chaincode
        };
        assert_eq!(chaincode(2).as_deref(), Some("kv"));
        assert_eq!(chaincode(1).as_deref(), Some("Kv"));
        assert_eq!(chaincode(1).as_deref(), Some("kv"));
    }
}
