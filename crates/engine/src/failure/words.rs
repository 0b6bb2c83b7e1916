//! What others say, as far as a sentence has room for it.

/// How much of another's words a sentence has: it goes into a record, an Event and a peer's log. An API server, a
/// registry or a kubelet says less; an admission webhook or a program can say anything.
pub(super) const WORDS_BYTES: usize = 4 * 1024;

/// The beginning of what another says.
pub(super) fn cut(mut words: String) -> String {
    words.truncate(words.floor_char_boundary(WORDS_BYTES));
    words
}

/// The end of what a program says.
pub(super) fn end_of(words: &str) -> &str {
    let beyond = words.len().saturating_sub(WORDS_BYTES);
    &words[words.ceil_char_boundary(beyond)..]
}
