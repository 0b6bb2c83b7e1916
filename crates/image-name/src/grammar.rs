//! The form of names: the expressions of `github.com/distribution/reference` (regexp.go) and of
//! `github.com/opencontainers/go-digest`, which Docker, containerd and the kubelet use.

use std::sync::LazyLock;

use regex_lite::Regex;

use crate::InvalidName;

/// Docker's limit for a tag, in bytes. It is not in the expression: repetitions are copied when it is compiled.
const MAX_TAG_BYTES: usize = 128;
/// The least number of digits of a digest of any algorithm.
const MIN_DIGEST_DIGITS: usize = 32;
/// The algorithms of digests, and their numbers of hex digits.
const ALGORITHMS: [(&str, usize); 3] = [("sha256", 64), ("sha384", 96), ("sha512", 128)];

static REFERENCE: LazyLock<Regex> = LazyLock::new(|| {
    let label = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
    let host = format!(r"(?:{label}(?:\.{label})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?");
    let part = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
    let name = format!("(?:({host})/)?{part}(?:/{part})*");
    let tag = "[A-Za-z0-9_][A-Za-z0-9_.-]*";
    let digest = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[a-fA-F0-9]+";
    let whole = format!("^({name})(?::({tag}))?(?:@({digest}))?$");
    Regex::new(&whole).expect("it is a constant, and tests compile it")
});

/// A name in its parts.
pub(crate) struct Parts<'a> {
    /// Registry and path.
    pub(crate) name: &'a str,
    /// The registry, if it has the form of a host. `a_b.c` does not have it: Docker takes it for part of the
    /// path.
    pub(crate) host: Option<&'a str>,
    /// The part after a colon.
    pub(crate) tag: Option<&'a str>,
    /// The part after an at sign.
    pub(crate) digest: Option<&'a str>,
}

/// Splits a name that begins with its registry. Returns none if it does not have the form of a name.
pub(crate) fn split(whole: &str) -> Option<Parts<'_>> {
    let found = REFERENCE.captures(whole)?;
    let part = |number| found.get(number).map(|part| part.as_str());
    let (name, host, tag, digest) = (part(1)?, part(2), part(3), part(4));
    let digits = digest.and_then(|digest| digest.rsplit(':').next());
    let fits = tag.is_none_or(|tag| tag.len() <= MAX_TAG_BYTES)
        && digits.is_none_or(|digits| digits.len() >= MIN_DIGEST_DIGITS);
    fits.then_some(Parts {
        name,
        host,
        tag,
        digest,
    })
}

/// Returns the digest, if it is one of a known algorithm.
pub(crate) fn check_digest(digest: &str) -> Result<&str, InvalidName> {
    let is_lower = |text: &str| !text.contains(|c: char| c.is_ascii_uppercase());
    let (algorithm, digits) = digest.split_once(':').ok_or(InvalidName::DigestFormat)?;
    let known = ALGORITHMS.iter().find(|(name, _)| *name == algorithm);
    match known {
        None if is_lower(algorithm) => Err(InvalidName::DigestAlgorithm),
        Some((_, length)) if digits.len() != *length => Err(InvalidName::DigestLength),
        Some(_) if is_lower(digits) => Ok(digest),
        _ => Err(InvalidName::DigestFormat),
    }
}
