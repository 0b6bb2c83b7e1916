//! The figures of one folder or file.

use super::allowed::Allowed;

/// Counts of paragraphs and of sentences that are hard to read.
#[derive(Default)]
pub(crate) struct Figures {
    /// Paragraphs, items of lists and cells of tables.
    pub paragraphs: usize,
    /// Sentences that begin like a question and ask nothing.
    pub openings: usize,
    /// Retired phrases.
    pub phrases: usize,
}

impl Figures {
    /// Returns the number of such beginnings for a hundred paragraphs, rounded up.
    pub(crate) fn percent(&self) -> usize {
        (self.openings * 100).div_ceil(self.paragraphs.max(1))
    }

    /// Returns the number of findings.
    pub(crate) fn findings(&self) -> usize {
        self.openings + self.phrases
    }

    /// Adds the counts of another.
    pub(crate) fn add(&mut self, other: &Self) {
        self.paragraphs += other.paragraphs;
        self.openings += other.openings;
        self.phrases += other.phrases;
    }

    /// Reports whether there are more findings than allowed.
    pub(crate) fn is_above(&self, allowed: &Allowed) -> bool {
        self.percent() > allowed.openings_percent || self.phrases > allowed.phrases
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_rounded_up_so_that_one_sentence_more_is_seen() {
        let figures = |openings| Figures {
            paragraphs: 100,
            openings,
            phrases: 0,
        };
        let allowed = Allowed {
            folder: "a",
            openings_percent: 3,
            phrases: 0,
        };
        assert!(!figures(3).is_above(&allowed));
        assert!(figures(4).is_above(&allowed));
    }
}
