//! Image ids as clients write them: whole, or their first digits.

use std::fmt;

/// The prefix of every image id. Clients may leave it out.
const ALGORITHM: &str = "sha256:";
/// The number of hex digits of an id.
const ID_DIGITS: usize = 64;
/// The least number of digits of an id prefix: Docker prints 12.
const MIN_DIGITS: usize = 12;

/// The id of an image, or its first digits: at least 12.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdPrefix(String);

impl IdPrefix {
    /// Reads `sha256:DIGITS` or `DIGITS`. Returns none if the text is neither.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(ALGORITHM).unwrap_or(text);
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let is_id = (MIN_DIGITS..=ID_DIGITS).contains(&digits.len()) && digits.bytes().all(is_digit);
        is_id.then(|| Self(digits.to_owned()))
    }

    /// Returns true if these are all digits of an id.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.0.len() == ID_DIGITS
    }

    /// Returns true if the id `sha256:HEX` begins with these digits.
    #[must_use]
    pub fn is_of(&self, id: &str) -> bool {
        id.strip_prefix(ALGORITHM)
            .is_some_and(|digits| digits.starts_with(&self.0))
    }

    pub(crate) fn digits(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IdPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ALGORITHM}{}", self.0)
    }
}
