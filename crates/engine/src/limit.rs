//! A limit as data: the largest amount of something that is accepted, with its reason.

use std::fmt;

/// The maximum of a quantity that is accepted.
#[derive(Debug)]
pub struct Limit {
    /// The thing that is limited.
    pub what: &'static str,
    /// The largest accepted amount.
    pub most: u64,
    /// The unit of `most`.
    pub unit: Unit,
    /// The reason for this number.
    pub why: &'static str,
    /// The largest amount that real clients were seen to need, if there is one. The limit is at least four
    /// times as much.
    pub seen: Option<u64>,
}

/// The unit of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Seconds.
    Seconds,
    /// Things.
    Count,
}

impl Limit {
    /// Returns the row of this limit in docs/limits.md, where `owner` is the table that has it.
    #[must_use]
    pub fn row(&self, owner: &str) -> String {
        let seen = self.seen.map(|seen| self.unit.of(seen)).unwrap_or_default();
        let Self { what, why, .. } = self;
        format!("| {what} | {self} | {seen} | {why} | `{owner}` |")
    }

    /// Returns the largest amount as a number of things or bytes in memory.
    #[must_use]
    pub const fn amount(&self) -> usize {
        // Invariant: no limit is beyond what a pointer can count.
        self.most as usize
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.unit.of(self.most))
    }
}

impl Unit {
    fn of(self, amount: u64) -> String {
        let round = |bits: u32| amount >= 10 << 10 && amount.trailing_zeros() >= bits;
        match self {
            Self::Count => amount.to_string(),
            Self::Seconds => format!("{amount} s"),
            Self::Bytes if round(30) => format!("{} GiB", amount >> 30),
            Self::Bytes if round(20) => format!("{} MiB", amount >> 20),
            Self::Bytes if round(10) => format!("{} KiB", amount >> 10),
            Self::Bytes => format!("{amount} bytes"),
        }
    }
}
