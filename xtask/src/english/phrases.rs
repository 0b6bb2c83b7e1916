//! The table of phrases that are not written here any more, each with a plainer one.

use anyhow::Result;
use regex::Regex;

use super::prose::{Place, Sentence};

/// The places in which a phrase is retired.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Where {
    Everywhere,
    /// In doc comments and Markdown, but for tables.
    Docs,
    /// In strings of programs.
    Strings,
}

impl Where {
    fn has(self, place: Place) -> bool {
        match self {
            Everywhere => true,
            Docs => matches!(place, Place::Text | Place::Heading),
            Strings => place == Place::Literal,
        }
    }
}

use Where::{Docs, Everywhere, Strings};

/// Retired phrases: where, the regular expression that finds one, and the plainer one.
const RETIRED: &[(Where, &str, &str)] = &[
    (Everywhere, r"\bcannot be had\b", "is not supported"),
    (
        Everywhere,
        r"\b\S+ (?:is|are|was|were) none\b",
        "is not a THING, does not match",
    ),
    (Everywhere, r"\bis no [\w`]+['’]s\b", "is not a THING"),
    (Everywhere, r"\bleads? to no\b", "is not a usable THING"),
    (
        Everywhere,
        r"\b(?:for|to|of|from|by) who\b",
        "for callers that, with",
    ),
    (Everywhere, r"\bof [\w-]+ an? \w+ has\b", "a THING has a … limit"),
    (
        Everywhere,
        r"\bsay (?:it|so|its \w+) (?:in|by|with)\b",
        "set SETTING in FILE",
    ),
    (
        Strings,
        r"(?:^|; |: |, (?:and|or) |\bor )let \w+",
        "name who does what: make, use, lower",
    ),
    (Everywhere, r"\blet it\b", "name who does what: make, use, lower"),
    (Everywhere, r"\bsee that\b", "check that"),
    (Everywhere, r"\bsee who\b", "find out who"),
    (
        Everywhere,
        r"\b(?:is|are|was|were|be|been|being) told\b",
        "is reported",
    ),
    (
        Everywhere,
        r"\b(?:is|are|was|were|be|been|being) heard\b",
        "is reported",
    ),
    (
        Everywhere,
        r"['’]s? words?\b",
        "the THING's status, message or report",
    ),
    (Everywhere, r"\bon (?:its|their) way\b", "requests in progress"),
    (
        Everywhere,
        r"\b(?:who|that) comes? back\b",
        "a client that reconnects",
    ),
    (Everywhere, r"\bbeside\b", "next to"),
    (Everywhere, r"\bas before\b", "say what stays the same"),
    (Everywhere, r"\bso long\b", "the figure, or: for this duration"),
    (
        Docs,
        r"^(?:\S+ ){0,2}\S+(?:'s|’s|s'|s’)\.$",
        "a noun after the genitive: Returns the X's error.",
    ),
    (Docs, r"^those of\b", "Returns the errors of X"),
    (Docs, r"; .*; ", "full stops instead of semicolons"),
];

/// Usual English that a row above would find.
const USUAL: &[&str] = &["there is none", "there are none", "so long ago", "so long as"];

/// The table, ready to search with.
pub(crate) struct Phrases(Vec<(Where, Regex, &'static str)>);

impl Phrases {
    /// Compiles the table.
    ///
    /// # Errors
    /// Returns an error if a row is not a regular expression.
    pub(crate) fn new() -> Result<Self> {
        let rows = RETIRED
            .iter()
            .map(|(place, pattern, plainer)| Ok((*place, Regex::new(pattern)?, *plainer)));
        rows.collect::<Result<_>>().map(Self)
    }

    /// Returns each retired phrase of a sentence, in lower case, with its plainer one.
    pub(crate) fn find(&self, sentence: &Sentence) -> Vec<(String, &'static str)> {
        let mut text = sentence.text.to_lowercase();
        for usual in USUAL {
            text = text.replace(usual, "");
        }
        let rows = self.0.iter().filter(|(place, ..)| place.has(sentence.place));
        let found = rows.flat_map(|(_, pattern, plainer)| {
            let hits = pattern.find_iter(&text);
            hits.map(|hit| (hit.as_str().to_owned(), *plainer))
                .collect::<Vec<_>>()
        });
        found.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(place: Place, text: &str) -> usize {
        let sentence = Sentence {
            line: 1,
            place,
            first: true,
            text: text.to_owned(),
        };
        Phrases::new().unwrap().find(&sentence).len()
    }

    #[test]
    fn retired_phrases_are_found_and_plain_ones_are_not() {
        for (place, retired, plain) in [
            (
                Place::Text,
                "A device cannot be had.",
                "A device is not supported.",
            ),
            (Place::Text, "The file is none.", "There is none."),
            (
                Place::Text,
                "The API server's.",
                "Returns the API server's error.",
            ),
            (
                Place::Text,
                "It is the one for who waits.",
                "It is for those who wait, and for whoever asks.",
            ),
            (
                Place::Text,
                "Of memory a Pod has a limit.",
                "A Pod has a memory limit.",
            ),
            (Place::Text, "One; two; three.", "One; two."),
            (Place::Text, "He waits for so long.", "It was built so long ago."),
            (
                Place::Literal,
                "no node takes it; let it ask for less",
                "no node can run it; lower the request",
            ),
            (Place::Text, "The peer is told at once.", "The peer has told it."),
        ] {
            assert!(hits(place, retired) > 0, "{retired}");
            assert_eq!(hits(place, plain), 0, "{plain}");
        }
    }

    #[test]
    fn semicolons_are_counted_in_paragraphs_only() {
        for place in [Place::Literal, Place::Cell] {
            assert_eq!(hits(place, "it failed; because of this; do that"), 0);
        }
    }
}
