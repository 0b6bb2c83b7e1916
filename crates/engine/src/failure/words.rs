//! Cuts messages of other systems to the length that a sentence may quote.

/// Bytes of a message that a sentence may quote. The sentence goes into a record, an Event and a peer's log.
/// Messages of an API server, a registry or a kubelet are shorter, but an admission webhook or a program can
/// write anything.
pub(super) const WORDS_BYTES: usize = 4 * 1024;

/// Returns the beginning of a message.
pub(super) fn cut(mut words: String) -> String {
    words.truncate(words.floor_char_boundary(WORDS_BYTES));
    words
}

/// Returns the end of a program's output.
pub(super) fn end_of(words: &str) -> &str {
    let beyond = words.len().saturating_sub(WORDS_BYTES);
    &words[words.ceil_char_boundary(beyond)..]
}
