//! The phases of a container, and the table of the operations that are legal in each.

use serde::{Deserialize, Serialize};

/// A phase of a container's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Created, not started. Uploads are collected.
    Created,
    /// Its Pod is being made.
    Starting,
    /// Its program runs.
    Running,
    /// Its program has ended.
    Exited,
}

impl Phase {
    /// All phases.
    pub const ALL: [Self; 4] = [Self::Created, Self::Starting, Self::Running, Self::Exited];

    /// Returns Docker's name of the phase (`State.Status`).
    #[must_use]
    pub const fn docker_status(self) -> &'static str {
        match self {
            Self::Created | Self::Starting => "created",
            Self::Running => "running",
            Self::Exited => "exited",
        }
    }

    /// Returns true if the container may have a process.
    #[must_use]
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Starting | Self::Running)
    }
}

/// The operations whose legality depends on the container's phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `PUT archive`.
    Upload,
    /// `POST start`.
    Start,
    /// `POST stop`.
    Stop,
    /// `POST kill`.
    Kill,
    /// `GET archive`.
    Download,
    /// `DELETE` without force.
    Remove,
}

/// The treatment of an operation in a phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Legality {
    /// It is carried out.
    Do,
    /// There is nothing to do (Docker: 304, or success at once).
    Nothing,
    /// It is refused (Docker: 409).
    Refuse,
}

/// THE table: rows are operations, columns [`Phase::ALL`].
pub const LEGALITY: [(Operation, [Legality; 4]); 6] = {
    use Legality::{Do, Nothing, Refuse};
    [
        (Operation::Upload, [Do, Refuse, Refuse, Do]),
        (Operation::Start, [Do, Do, Nothing, Do]),
        (Operation::Stop, [Nothing, Do, Do, Nothing]),
        (Operation::Kill, [Refuse, Do, Do, Refuse]),
        (Operation::Download, [Do, Refuse, Refuse, Do]),
        (Operation::Remove, [Do, Refuse, Refuse, Do]),
    ]
};

impl Operation {
    /// Returns the treatment of this operation in `phase`.
    #[must_use]
    pub fn in_phase(self, phase: Phase) -> Legality {
        LEGALITY
            .iter()
            .find(|(operation, _)| *operation == self)
            .map_or(Legality::Refuse, |(_, row)| row[phase as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_a_row_and_every_phase_its_column() {
        for (index, phase) in Phase::ALL.into_iter().enumerate() {
            assert_eq!(phase as usize, index);
        }
        for operation in [
            Operation::Upload,
            Operation::Start,
            Operation::Stop,
            Operation::Kill,
            Operation::Download,
            Operation::Remove,
        ] {
            assert_eq!(
                LEGALITY.iter().filter(|(row, _)| *row == operation).count(),
                1,
                "{operation:?}"
            );
        }
        assert_eq!(Operation::Kill.in_phase(Phase::Exited), Legality::Refuse);
        assert_eq!(Operation::Stop.in_phase(Phase::Exited), Legality::Nothing);
    }
}
