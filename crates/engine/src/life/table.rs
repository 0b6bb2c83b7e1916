//! The tables: [`LIFE`] and [`FOLLOWS`].

use crate::phase::Phase;

/// The kinds of [`Transition`](super::Transition): the rows of [`LIFE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A client starts the container.
    Claimed,
    /// The Pod of a start has no agent.
    Repeated,
    /// The registry has reported the image's own command.
    CommandFound,
    /// The program runs.
    Began,
    /// A start failed before the program ran.
    FailedToBegin,
    /// The program has ended.
    Ended,
    /// The program was killed, and nobody has reported its end.
    EndedUnseen,
    /// The Pod is gone, and nobody saw it go.
    Vanished,
    /// The cause of an end has become known after the end.
    Explained,
    /// Chaincode has ended before it could serve.
    DiedAtOnce,
    /// This process has a wait open.
    Held,
    /// The last wait in this process has been closed.
    LetGo,
    /// The news of an end has been announced, and the last lines have been read.
    Announced,
    /// A client has uploaded files.
    Uploaded,
    /// The files of an upload could not be kept.
    UploadFailed,
    /// The agent has delivered an output.
    HandedOver,
}

/// The cells of [`LIFE`]: the change of the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The record does not change: the transition comes too late, or too early.
    Ignore,
    /// The next start begins, and the record forgets the one before.
    Start,
    /// This process continues a start whose process has died.
    TakeOver,
    /// The same start gets another Pod.
    Repeat,
    /// The program runs.
    Run,
    /// The start is over. The container can be started again.
    Fail,
    /// The record gets the program's exit.
    Exit,
    /// The cause is added to the exit.
    Explain,
    /// The record names this process.
    Hold,
    /// The record no longer names this process.
    LetGo,
    /// An entry is added to the record, or removed from it.
    Note,
}

/// The change of the process that the record names as its holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// The holder stays the same.
    Stays,
    /// This process becomes the holder.
    Comes,
    /// This process is not the holder any more, unless it has a wait open.
    Goes,
}

/// The way in which a step is announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Telling {
    /// The step is not announced.
    Silent,
    /// This process announces it, if it does not die before.
    Told,
    /// This process or the next one announces it: the news stays on the record until it is announced.
    Kept,
}

/// A row of [`FOLLOWS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Follows {
    /// The next phase, or none if it stays the same.
    pub phase: Option<Phase>,
    /// The change of the holder.
    pub holder: Holder,
    /// The way in which the step is announced.
    pub news: Telling,
    /// True if the program's last lines are kept.
    pub keeps_last_lines: bool,
    /// True if the Pod is deleted.
    pub ends_pod: bool,
}

/// THE table: rows are kinds of transitions, columns [`Phase::ALL`]. A row that names a start applies to the
/// current one only.
#[rustfmt::skip]
pub const LIFE: [(Kind, [Step; 4]); 16] = {
    use Step::{Exit, Explain, Fail, Hold, Ignore, LetGo, Note, Repeat, Run, Start, TakeOver};
    [
        //                     Created  Starting  Running  Exited
        (Kind::Claimed,       [Start,   TakeOver, Ignore,  Start]),
        (Kind::Repeated,      [Ignore,  Repeat,   Ignore,  Ignore]),
        (Kind::CommandFound,  [Ignore,  Note,     Ignore,  Ignore]),
        (Kind::Began,         [Ignore,  Run,      Ignore,  Ignore]),
        (Kind::FailedToBegin, [Ignore,  Fail,     Ignore,  Ignore]),
        (Kind::Ended,         [Ignore,  Exit,     Exit,    Ignore]),
        (Kind::EndedUnseen,   [Ignore,  Exit,     Exit,    Ignore]),
        (Kind::Vanished,      [Ignore,  Fail,     Exit,    Ignore]),
        (Kind::Explained,     [Ignore,  Ignore,   Ignore,  Explain]),
        (Kind::DiedAtOnce,    [Ignore,  Ignore,   Ignore,  Explain]),
        (Kind::Held,          [Hold,    Hold,     Hold,    Hold]),
        (Kind::LetGo,         [LetGo,   Ignore,   LetGo,   LetGo]),
        (Kind::Announced,     [Note,    Note,     Note,    Note]),
        (Kind::Uploaded,      [Note,    Ignore,   Ignore,  Note]),
        (Kind::UploadFailed,  [Note,    Note,     Note,    Note]),
        (Kind::HandedOver,    [Note,    Note,     Note,    Note]),
    ]
};

/// The consequences of each step.
#[rustfmt::skip]
pub const FOLLOWS: [(Step, Follows); 11] = {
    use Holder::{Comes, Goes, Stays};
    use Phase::{Created, Exited, Running, Starting};
    use Telling::{Kept, Silent, Told};
    [
        //                          phase           holder news    lines  ends the Pod
        (Step::Ignore,   follows(None,           Stays, Silent, false, false)),
        (Step::Start,    follows(Some(Starting), Comes, Silent, false, false)),
        (Step::TakeOver, follows(None,           Comes, Silent, false, false)),
        (Step::Repeat,   follows(None,           Stays, Silent, false, false)),
        (Step::Run,      follows(Some(Running),  Goes,  Told,   false, false)),
        (Step::Fail,     follows(Some(Created),  Goes,  Kept,   false, true)),
        (Step::Exit,     follows(Some(Exited),   Goes,  Kept,   true,  false)),
        (Step::Explain,  follows(None,           Stays, Told,   false, false)),
        (Step::Hold,     follows(None,           Comes, Silent, false, false)),
        (Step::LetGo,    follows(None,           Goes,  Silent, false, false)),
        (Step::Note,     follows(None,           Stays, Silent, false, false)),
    ]
};

const fn follows(
    phase: Option<Phase>,
    holder: Holder,
    news: Telling,
    keeps_last_lines: bool,
    ends_pod: bool,
) -> Follows {
    Follows {
        phase,
        holder,
        news,
        keeps_last_lines,
        ends_pod,
    }
}

impl Kind {
    /// Returns the step of this kind of transition in `phase`.
    #[must_use]
    pub fn in_phase(self, phase: Phase) -> Step {
        let row = LIFE.iter().find(|(kind, _)| *kind == self);
        row.map_or(Step::Ignore, |(_, steps)| steps[phase as usize])
    }
}

impl Step {
    /// Returns the consequences of this step.
    #[must_use]
    pub fn follows(self) -> Follows {
        let row = FOLLOWS.iter().find(|(step, _)| *step == self);
        row.map_or(FOLLOWS[0].1, |(_, follows)| *follows)
    }
}
