//! Translates reports of agents and kubelets into transitions.

use agent_protocol::exit_code::NO_PROGRAM;
use agent_protocol::{Event, FailureKind, StartFailure};

use super::transition::Transition;
use crate::container::Container;
use crate::failure::{Cause, End};
use crate::phase::Phase;

/// A start of a container as this process knows it, at the time of a report.
#[derive(Clone, Debug)]
pub struct Reported<'a> {
    /// The container.
    pub container: &'a Container,
    /// The start that the report is about.
    pub start: u32,
    /// True if a client has asked for its end.
    pub asked: bool,
    /// The cause that is about to end its Pod, if there is one.
    pub ending: Option<End>,
}

impl Reported<'_> {
    /// Returns the transition for an agent's event, or none if the kubelet's report must be awaited.
    #[must_use]
    pub fn by_agent(self, event: Event) -> Option<Transition> {
        let start = self.start;
        match event {
            Event::Started => Some(Transition::Began { start }),
            Event::Failed(StartFailure {
                kind,
                message,
                exit_code: code,
            }) => {
                let cause = match kind {
                    FailureKind::Signalled => return self.cancelled(code),
                    FailureKind::Files => Cause::Files(message),
                    FailureKind::NotFound | FailureKind::NotExecutable | FailureKind::Other => {
                        Cause::Command { message, code }
                    }
                };
                Some(Transition::FailedToBegin { start, cause })
            }
            Event::Exited {
                exit_code,
                oom_killed,
            } => {
                let end = if oom_killed {
                    End::OutOfMemory
                } else {
                    self.ending.clone().unwrap_or(End::Itself)
                };
                // The program ran, even if the report of its start has not arrived yet.
                Some(self.ended(exit_code, end, true))
            }
        }
    }

    /// Returns the transition for the kubelet's report that the container has ended.
    #[must_use]
    pub fn by_kubelet(self, code: i64, end: End) -> Transition {
        let has_agent = self.container.needs_agent();
        let is_starting = self.container.phase == Phase::Starting && self.container.starts == self.start;
        if is_starting && has_agent && !self.asked {
            return self.failed(code, end);
        }
        let end = match end {
            End::Itself if has_agent => End::AgentLost,
            end => end,
        };
        self.ended(code, end, !has_agent)
    }

    /// Returns the transition for a signal that ended the agent before the program ran. Unless the cause is
    /// known, only the Pod's end will show it.
    fn cancelled(self, code: i64) -> Option<Transition> {
        match self.ending.clone() {
            _ if self.asked => Some(self.ended(code, End::Itself, false)),
            Some(end) => Some(self.failed(code, end)),
            None => None,
        }
    }

    fn failed(&self, code: i64, end: End) -> Transition {
        let cause = match end {
            // The message is the agent's own: it could not report it to chainpod.
            End::PodFailed(message) if code == NO_PROGRAM => Cause::Files(message),
            end => Cause::PodEnded { code, end },
        };
        Transition::FailedToBegin {
            start: self.start,
            cause,
        }
    }

    fn ended(&self, code: i64, end: End, has_run: bool) -> Transition {
        Transition::Ended {
            start: self.start,
            code,
            // A client that asks for an end ends the Pod too.
            end: if self.asked { End::Itself } else { end },
            asked: self.asked,
            has_run,
        }
    }
}
