//! The options of the agent, which chainpod writes into the Pods that it makes.

use std::ffi::OsStr;

/// The agent's first argument if it is to do something other than its task. It does nothing else then. No program
/// can have such a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentOption {
    /// Before a directory: it copies itself there.
    Install,
    /// Before the same directory: it stays while the agent that was copied there runs. The Pod then ends with its
    /// program.
    Stay,
    /// Before pairs of directories: it copies the image's files in the first directory of each pair, which a
    /// volume will hide, into the second one.
    Keep,
    /// Before `IP:PORT`s and names: it tries to reach them, and reports those that it cannot reach.
    Probe,
}

impl AgentOption {
    const ALL: [Self; 4] = [Self::Install, Self::Stay, Self::Keep, Self::Probe];

    /// Returns the option as it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Install => "--install",
            Self::Stay => "--stay",
            Self::Keep => "--keep",
            Self::Probe => "--probe",
        }
    }

    /// Returns the option that is written like that, or none if the argument is a program's name.
    #[must_use]
    pub fn named(argument: &OsStr) -> Option<Self> {
        Self::ALL.into_iter().find(|option| argument == option.name())
    }
}

#[cfg(test)]
mod tests;
