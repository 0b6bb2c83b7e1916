//! Applies a transition to a record.

use agent_protocol::exit_code::{KILLED, TERMINATED};
use jiff::Timestamp;

use super::news;
use super::table::{Holder, Step, Telling};
use super::transition::Transition;
use crate::container::{BuiltFor, Container, Exit, Record};
use crate::failure::{Cause, End};
use crate::image::ImageCommand;
use crate::name::{BootId, PodName};
use crate::news::News;
use crate::phase::Phase;

/// The exit codes of programs that were ended from outside.
const ENDED: [i64; 2] = [TERMINATED, KILLED];

/// The process in which an event happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Here {
    /// The process, as records name it.
    pub boot: BootId,
    /// True if the process has a wait for the container open.
    pub waits: bool,
}

/// The consequences of a transition, once the record is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The start that the record is at.
    pub start: u32,
    /// The news to announce.
    pub news: Option<News>,
    /// The way in which the news is announced.
    pub telling: Telling,
    /// True if the program's last lines are to be kept.
    pub keeps_last_lines: bool,
    /// The Pod to delete.
    pub ends_pod: Option<PodName>,
}

impl Transition {
    /// Changes `record` by the table, in the process `here`. Returns the consequences, or none if nothing
    /// changes.
    pub fn apply(&self, record: &mut Record, here: &Here, now: Timestamp) -> Option<Change> {
        let step = self.kind().in_phase(record.container.phase);
        if step == Step::Ignore || !self.is_due(&record.container, here) {
            return None;
        }
        let follows = step.follows();
        let mut news = self.note(record, step, now);
        if let Some((exit, of_exit)) = self.exit(record, now) {
            record.container.exit = Some(exit);
            news = Some(of_exit);
        }
        let container = &mut record.container;
        container.phase = follows.phase.unwrap_or(container.phase);
        match follows.holder {
            Holder::Comes => container.holder = Some(here.boot.clone()),
            Holder::Goes if !here.waits && container.holder.as_ref() == Some(&here.boot) => {
                container.holder = None;
            }
            Holder::Goes | Holder::Stays => {}
        }
        let news = news.filter(|_| follows.news != Telling::Silent);
        if follows.news == Telling::Kept {
            container.untold.extend(news.clone());
        }
        Some(Change {
            start: container.starts,
            news,
            telling: follows.news,
            keeps_last_lines: follows.keeps_last_lines,
            ends_pod: follows.ends_pod.then(|| record.pod_name()),
        })
    }

    /// Returns true if the transition is about the current start and has something new for the record.
    fn is_due(&self, container: &Container, here: &Here) -> bool {
        let is_current = match (self, self.start()) {
            (_, None) => true,
            // A client stops the start, whichever Pod it has.
            (Self::EndedUnseen { .. }, Some(start)) => container.is_at(start),
            (_, Some(start)) => container.starts == start,
        };
        if !is_current {
            return false;
        }
        match self {
            Self::Claimed { .. } => container.phase != Phase::Starting || is_orphan(container, &here.boot),
            Self::Repeated { .. } => container.repeats.is_none(),
            Self::CommandFound(command) => container.image_command.as_ref() != Some(command),
            Self::Vanished { holder, .. } => {
                container.phase != Phase::Starting || container.holder == *holder
            }
            Self::Explained { .. } => {
                let exit = container.exit.as_ref();
                exit.is_some_and(|exit| exit.error.is_empty() && ENDED.contains(&exit.code))
            }
            Self::Held => container.holder.as_ref() != Some(&here.boot),
            Self::LetGo => container.holder.as_ref() == Some(&here.boot),
            Self::Announced { news, .. } => container.untold.contains(news),
            Self::UploadFailed(upload) => container.uploads.contains(upload),
            _ => true,
        }
    }

    /// Writes the transition to the record, except the exit. Returns the news of it.
    fn note(&self, record: &mut Record, step: Step, now: Timestamp) -> Option<News> {
        let pod = record.pod_name();
        let container = &mut record.container;
        match self {
            Self::Claimed {
                built_for,
                image_command,
            } if step == Step::Start => begin(container, built_for.as_ref(), image_command.as_ref()),
            Self::Repeated { start } => {
                container.starts += 1;
                container.repeats = Some(*start);
            }
            Self::CommandFound(command) => container.image_command = Some(command.clone()),
            Self::Began { .. } => {
                container.started_at = Some(now);
                return Some(news::began(&pod, now));
            }
            Self::Ended { has_run: true, .. } => {
                container.started_at.get_or_insert(now);
            }
            Self::Announced {
                start,
                news,
                last_lines,
            } => {
                container.untold.retain(|untold| untold != news);
                if container.starts == *start && container.phase == Phase::Exited && !last_lines.is_empty() {
                    container.last_lines.clone_from(last_lines);
                }
            }
            Self::Uploaded(upload) => container.uploads.push(upload.clone()),
            Self::UploadFailed(upload) => container.uploads.retain(|known| known != upload),
            Self::HandedOver {
                directory, digest, ..
            } => {
                container.outputs.insert(directory.clone(), digest.clone());
            }
            _ => {}
        }
        None
    }
    /// Returns the exit for the record and the news of it, or none if the transition is not an end.
    fn exit(&self, record: &Record, now: Timestamp) -> Option<(Exit, News)> {
        let (container, pod) = (&record.container, record.pod_name());
        let ended = |end: &End, code, asked| {
            let exit = end.exit(container, &pod, code, now);
            let news = news::ended(&pod, &exit, end, asked, now);
            (exit, news)
        };
        let failed = |cause: &Cause| {
            let error = cause.sentence(container, &pod);
            let exit = Exit {
                code: cause.exit_code(),
                oom_killed: false,
                error: error.clone(),
                finished_at: now,
            };
            (exit, news::failed(cause, error, now))
        };
        Some(match self {
            Self::FailedToBegin { cause, .. } => failed(cause),
            Self::Vanished { .. } if container.phase == Phase::Starting => failed(&Cause::PodEnded {
                code: KILLED,
                end: End::Vanished,
            }),
            Self::Vanished { asked, .. } => ended(&End::Vanished, KILLED, *asked),
            Self::Ended { code, end, asked, .. } => ended(end, *code, *asked),
            Self::EndedUnseen { .. } if container.phase == Phase::Running => {
                ended(&End::Unseen, KILLED, true)
            }
            Self::EndedUnseen { .. } => ended(&End::Itself, KILLED, true),
            Self::Explained { end, .. } => {
                let mut exit = container.exit.clone()?;
                exit.error = end.sentence(container, &pod, exit.code);
                let news = news::ended(&pod, &exit, end, false, now);
                (exit, news)
            }
            Self::DiedAtOnce { cause, .. } => {
                let mut exit = container.exit.clone()?;
                exit.error = cause.sentence(container, &pod);
                let news = news::failed(cause, exit.error.clone(), now);
                (exit, news)
            }
            _ => return None,
        })
    }
}

/// Returns true if the container's holder is not this process. The holder has then died, because only one
/// process runs at a time.
#[must_use]
pub fn is_orphan(container: &Container, boot: &BootId) -> bool {
    container.holder.as_ref().is_some_and(|holder| holder != boot)
}

/// Begins the next start.
fn begin(container: &mut Container, built_for: Option<&BuiltFor>, image_command: Option<&ImageCommand>) {
    container.starts += 1;
    container.repeats = None;
    container.started_at = None;
    container.exit = None;
    container.last_lines.clear();
    if let Some(command) = image_command {
        container.image_command = Some(command.clone());
    }
    if let Some(known) = built_for {
        container.built_for = known.clone().known();
    }
}
