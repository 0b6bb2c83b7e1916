//! Names: Docker's names, which clients send, and the names of Kubernetes objects, which are derived from
//! them. The derivation is deterministic, so that a repeated call finds the same object.

use std::fmt;

use rand::RngCore;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::fabric::is_package_hash;

/// Characters of a name that stay readable in an object's name. A Pod's name is its hostname, and so has at
/// most 63 characters with the hash and counter behind it.
const SLUG_CHARS: usize = 40;
/// Kubernetes' limit for a DNS label.
const LABEL_CHARS: usize = 63;
/// Hex digits of the hash behind a record's readable part.
const RECORD_HASH_DIGITS: usize = 16;
/// Hex digits of the hash behind a Pod's readable part.
const POD_HASH_DIGITS: usize = 10;
/// The number of bytes of an id. Each has two hex digits.
const ID_BYTES: usize = 32;
/// The number of digits of Docker's short id.
const SHORT_ID_DIGITS: usize = 12;

/// The installation (`--instance`) whose containers a call may see.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Scope(pub String);

/// Docker's container id: 64 hex digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ContainerId(pub String);

impl ContainerId {
    /// Returns a new random id.
    #[must_use]
    pub fn random() -> Self {
        let mut bytes = [0; ID_BYTES];
        rand::rng().fill_bytes(&mut bytes);
        Self(hex::encode(bytes))
    }

    /// Returns true if the text has the form of an id, and is not only the beginning of one.
    #[must_use]
    pub fn is_whole(text: &str) -> bool {
        text.len() == 2 * ID_BYTES && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    }

    /// Returns the first twelve digits, as `docker ps` prints them.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0[..SHORT_ID_DIGITS.min(self.0.len())]
    }
}

/// The id of one run of chainpod: 64 hex digits, new at each start.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BootId(pub String);

impl BootId {
    /// Returns a new random id.
    #[must_use]
    pub fn random() -> Self {
        Self(ContainerId::random().0)
    }
}

impl fmt::Display for ContainerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a record's object.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RecordName(pub String);

impl RecordName {
    /// Reads a name that somebody else has sent: a DNS label, as [`RecordName::new`] makes it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let fits = (1..=LABEL_CHARS).contains(&text.len()) && text.bytes().all(legal);
        let is_label = fits && !text.starts_with('-') && !text.ends_with('-');
        is_label.then(|| Self(text.to_owned()))
    }

    /// Returns the name of the record for the container of that name in that scope. Another container of the
    /// same name has the same record name.
    #[must_use]
    pub fn new(scope: &Scope, container: &str) -> Self {
        let hash = Sha256::new()
            .chain_update(&scope.0)
            .chain_update([0])
            .chain_update(container)
            .finalize();
        Self(format!(
            "{}-{}",
            slug(container),
            &hex::encode(hash)[..RECORD_HASH_DIGITS]
        ))
    }
}

impl fmt::Display for RecordName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a Pod, and of the Secret with its agent's task.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PodName(pub String);

impl PodName {
    /// Returns the Pod's name for the `start`-th start of the container whose record has that uid.
    #[must_use]
    pub fn new(container: &str, uid: &str, start: u32) -> Self {
        let hash = hex::encode(Sha256::digest(uid));
        Self(format!(
            "{}-{}-{start}",
            slug(container),
            &hash[..POD_HASH_DIGITS]
        ))
    }
}

impl fmt::Display for PodName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Returns a name for a container that the client has not named.
#[must_use]
pub fn generated() -> String {
    format!("build-{}", ContainerId::random().short())
}

/// Returns the readable part of an object's name: lower case, legal in DNS, without the package hash. A long
/// name keeps its end, which has the chaincode's label.
fn slug(container: &str) -> String {
    let name = match container.rsplit_once('-') {
        Some((rest, hash)) if is_package_hash(hash) => rest,
        _ => container,
    };
    let legal = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    let text: String = name.chars().map(legal).collect();
    let tail = &text[text.len().saturating_sub(SLUG_CHARS)..];
    match tail.trim_matches('-') {
        "" => "container".to_owned(),
        slug => slug.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str =
        "dev-peer0.org1.example.com-kv1-477e9776d271bc0497912643ec86ff0fd50959040ae6cc0b52cd24c6d5917f68";

    #[test]
    fn what_is_no_label_is_no_records_name() {
        let long = "x".repeat(64);
        for text in ["", "-a", "a-", "A", "a.b", "a/b", "..", "a b", "a?b", "ü", &long] {
            assert_eq!(RecordName::parse(text), None, "{text}");
        }
        assert!(RecordName::parse(&long[1..]).is_some());
    }

    #[test]
    fn object_names_are_deterministic_legal_and_scoped() {
        let one = RecordName::new(&Scope("a".into()), NAME);
        assert_eq!(one, RecordName::new(&Scope("a".into()), NAME));
        assert_ne!(one, RecordName::new(&Scope("b".into()), NAME));
        assert!(one.0.starts_with("dev-peer0-org1-example-com-kv1-"), "{one}");
        assert_eq!(RecordName::parse(&one.0), Some(one));
        let long = PodName::new(&format!("{}_Ünï.", "X".repeat(140)), "uid", u32::MAX);
        assert!(long.0.len() <= 63, "{long}");
        assert!(
            long.0
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
            "{long}"
        );
    }
}
