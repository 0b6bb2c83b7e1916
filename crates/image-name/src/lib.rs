//! Image names: the only place that reads them. Names are read as Docker, containerd and the kubelet read them
//! (`github.com/distribution/reference`). `tests/docker.json` has their answers. The crate does not know
//! registries or images.
//!
//! `oci_spec::distribution::Reference` is not used: it takes `EVIL/x` for `docker.io/EVIL/x`, accepts Unicode tags and
//! digests in capitals, refuses IPv6 registries, and its first use compiles an expression of 12 MB in 60 ms.

mod grammar;
mod id;

use std::fmt;

pub use crate::id::IdPrefix;

/// The registry of names without one.
const DEFAULT_REGISTRY: &str = "docker.io";
/// The old name of that registry.
const LEGACY_REGISTRY: &str = "index.docker.io";
/// The only host of a registry that needs neither a dot nor a port.
const LOCALHOST: &str = "localhost";
/// The namespace of Docker Hub's own images, which may be left out.
const DEFAULT_NAMESPACE: &str = "library/";
/// The tag of names without tag and digest.
const DEFAULT_TAG: &str = "latest";
/// Docker's limit for a repository's path within its registry, in bytes.
const MAX_PATH_BYTES: usize = 255;
/// Our limit for a whole name, in bytes: a host of 253, which is the limit of DNS, a port of 6, a path of 255,
/// a tag of 128, a digest of 135, and the separators.
pub const MAX_NAME_BYTES: usize = 780;

/// The complete name of an image, with the parts that Docker lets users leave out. If it has a tag and a
/// digest, only the digest is kept, as in containerd: the digest alone decides which image is pulled.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ImageName {
    registry: String,
    path: String,
    version: Version,
}

/// The image within its repository: a tag or a digest.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Version {
    Tag(String),
    Digest(String),
}

/// A client's reference to an image. It prints as in Docker's errors: the familiar name, with the tag even if
/// the client left it out, or the whole id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// A name.
    Name(ImageName),
    /// A whole id, which is never a name.
    Id(IdPrefix),
    /// A name that may also be the first digits of an id. The name has precedence.
    NameOrId(ImageName, IdPrefix),
}

/// The reason for which a text is not an image's name. The texts are Docker's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// It does not have the form of a name.
    #[error("invalid reference format")]
    Format,
    /// Its repository has capitals.
    #[error("invalid reference format: repository name ({0}) must be lowercase")]
    Uppercase(String),
    /// It is the whole id of an image.
    #[error("invalid repository name ({0}), cannot specify 64-byte hexadecimal strings")]
    Id(String),
    /// It is too long.
    #[error("repository name must not be more than {MAX_PATH_BYTES} characters")]
    TooLong,
    /// Its digest is not written in lower-case hex digits.
    #[error("invalid checksum digest format")]
    DigestFormat,
    /// Its digest does not have as many digits as its algorithm gives.
    #[error("invalid checksum digest length")]
    DigestLength,
    /// Its digest is of an unknown algorithm.
    #[error("unsupported digest algorithm")]
    DigestAlgorithm,
}

impl ImageName {
    /// Reads a name in any of the forms that Docker accepts.
    ///
    /// # Errors
    /// Returns Docker's reason for which the text is not a name.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        if text.len() > MAX_NAME_BYTES {
            return Err(InvalidName::TooLong);
        }
        if IdPrefix::parse(text).is_some_and(|id| id.is_whole() && id.digits() == text) {
            return Err(InvalidName::Id(text.to_owned()));
        }
        let (registry, rest) = split_registry(text);
        let namespace = match registry {
            DEFAULT_REGISTRY if !rest.contains('/') => DEFAULT_NAMESPACE,
            _ => "",
        };
        let rest = format!("{namespace}{rest}");
        let repository = rest.split(':').next().unwrap_or_default();
        if repository.to_lowercase() != repository {
            return Err(InvalidName::Uppercase(repository.to_owned()));
        }
        let whole = format!("{registry}/{rest}");
        let parts = grammar::split(&whole).ok_or(InvalidName::Format)?;
        let before_path = parts.host.map_or(0, |host| host.len() + 1);
        if parts.name.len() - before_path > MAX_PATH_BYTES {
            return Err(InvalidName::TooLong);
        }
        Ok(Self {
            registry: registry.to_owned(),
            path: parts.name[registry.len() + 1..].to_owned(),
            version: match (parts.digest, parts.tag) {
                (Some(digest), _) => Version::Digest(grammar::check_digest(digest)?.to_owned()),
                (None, tag) => Version::Tag(tag.unwrap_or(DEFAULT_TAG).to_owned()),
            },
        })
    }

    /// Returns the whole name, on which rules match: `docker.io/library/busybox:latest`.
    #[must_use]
    pub fn full(&self) -> String {
        format!("{}/{}{}", self.registry, self.path, self.version)
    }

    /// Returns Docker's short form with tag or digest, under which images are listed and stored: `busybox:latest`.
    #[must_use]
    pub fn familiar(&self) -> String {
        format!("{}{}", self.repository(), self.version)
    }

    /// Returns Docker's short form without tag and digest: `busybox`, `registry.example/a/b`.
    #[must_use]
    pub fn repository(&self) -> String {
        if self.registry != DEFAULT_REGISTRY {
            return format!("{}/{}", self.registry, self.path);
        }
        let own = self.path.strip_prefix(DEFAULT_NAMESPACE);
        own.filter(|rest| !rest.contains('/'))
            .unwrap_or(&self.path)
            .to_owned()
    }

    /// Returns the registry's host, with its port if the name has one.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// Returns the repository within its registry: `library/busybox`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the tag, or none if a digest identifies the image.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        match &self.version {
            Version::Tag(tag) => Some(tag),
            Version::Digest(_) => None,
        }
    }

    /// Returns the digest, `ALGORITHM:HEX`, if the name has one.
    #[must_use]
    pub fn digest(&self) -> Option<&str> {
        match &self.version {
            Version::Tag(_) => None,
            Version::Digest(digest) => Some(digest),
        }
    }
}

impl Reference {
    /// Reads a name or an id.
    ///
    /// # Errors
    /// Returns Docker's reason for which the text is neither.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        match IdPrefix::parse(text) {
            Some(id) if id.is_whole() => Ok(Self::Id(id)),
            Some(id) => Ok(Self::NameOrId(ImageName::parse(text)?, id)),
            None => ImageName::parse(text).map(Self::Name),
        }
    }

    /// Returns the id or its first digits, if the text has that form.
    #[must_use]
    pub const fn id(&self) -> Option<&IdPrefix> {
        match self {
            Self::Name(_) => None,
            Self::Id(id) | Self::NameOrId(_, id) => Some(id),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) | Self::NameOrId(name, _) => f.write_str(&name.familiar()),
            Self::Id(id) => write!(f, "{id}"),
        }
    }
}

/// The conversion for callers that accept no id.
impl TryFrom<Reference> for ImageName {
    type Error = InvalidName;

    fn try_from(reference: Reference) -> Result<Self, InvalidName> {
        match reference {
            Reference::Name(name) | Reference::NameOrId(name, _) => Ok(name),
            Reference::Id(id) => Err(InvalidName::Id(id.to_string())),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => write!(f, ":{tag}"),
            Self::Digest(digest) => write!(f, "@{digest}"),
        }
    }
}

/// Splits a name into its registry and the rest. A first part is a registry only if it cannot be a namespace.
/// Docker also takes `EVIL/x` for a registry, while others read `docker.io/EVIL/x`. Here that is not a name.
fn split_registry(text: &str) -> (&str, &str) {
    match text.split_once('/') {
        Some((LEGACY_REGISTRY, rest)) => (DEFAULT_REGISTRY, rest),
        Some((first, rest)) if first == LOCALHOST || first.contains(['.', ':']) => (first, rest),
        _ => (DEFAULT_REGISTRY, text),
    }
}
