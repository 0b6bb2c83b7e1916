//! The options of the agent, which chainpod writes into the Pods that it makes.

use std::ffi::OsStr;

/// The agent's first argument if it has another job than its task. No program can have such a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentOption {
    /// Followed by a directory: the agent copies itself there.
    Install,
    /// Followed by the same directory: the agent stays while the copied agent runs. The Pod then ends with
    /// its program.
    Stay,
    /// Followed by pairs of directories: the agent copies the image's files from the first directory of each
    /// pair, which a volume will hide, into the second.
    Keep,
    /// Followed by `IP:PORT`s and names: the agent tries to reach them, and reports the ones that it cannot
    /// reach.
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

    /// Returns the option with that text, or none if the argument is a program's name.
    #[must_use]
    pub fn named(argument: &OsStr) -> Option<Self> {
        Self::ALL.into_iter().find(|option| argument == option.name())
    }
}

#[cfg(test)]
mod tests;
