//! Image ids as clients write them: whole, or their first digits.

use std::fmt;

/// The start of every image's id, which clients may leave out.
const ALGORITHM: &str = "sha256:";
/// The number of hex digits in an id.
const ID_DIGITS: usize = 64;
/// Fewer digits are not taken for an id: Docker prints 12.
const MIN_DIGITS: usize = 12;

/// The id of an image, or its first digits: 12 at least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdPrefix(String);

impl IdPrefix {
    /// Reads `sha256:DIGITS` or `DIGITS`; none where the text is neither.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(ALGORITHM).unwrap_or(text);
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let is_id = (MIN_DIGITS..=ID_DIGITS).contains(&digits.len()) && digits.bytes().all(is_digit);
        is_id.then(|| Self(digits.to_owned()))
    }

    /// Returns whether these are all digits of an id.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.0.len() == ID_DIGITS
    }

    /// Returns whether the id `sha256:HEX` begins with these digits.
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
