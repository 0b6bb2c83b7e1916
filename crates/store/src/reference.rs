//! Image names as Docker reads them: many spellings, one image.

use engine::ports::StoreError;

/// The registry that a name without one means, and its old name.
const DEFAULT_REGISTRIES: [&str; 2] = ["docker.io", "index.docker.io"];
/// The part that Docker Hub's own images have and nobody writes.
const DEFAULT_NAMESPACE: &str = "library/";
/// The tag that a name without one means.
const DEFAULT_TAG: &str = "latest";
/// Docker's limit for a tag.
const MAX_TAG_CHARS: usize = 128;

/// Brings a name to Docker's familiar form, `repository:tag` or
/// `repository@sha256:HEX`: equal for all names of one image.
///
/// # Errors
/// `Invalid` in Docker's words when it is no image's name.
pub(crate) fn familiar(name: &str) -> Result<String, StoreError> {
    let (rest, digest) = match name.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (name, None),
    };
    let last = rest.rfind('/').map_or(0, |slash| slash + 1);
    let (repository, tag) = match rest[last..].find(':') {
        Some(colon) => (&rest[..last + colon], Some(&rest[last + colon + 1..])),
        None => (rest, None),
    };
    let repository = short(repository);
    check_repository(name, repository)?;
    match (digest, tag) {
        (Some(digest), _) if is_digest(digest) => Ok(format!("{repository}@{digest}")),
        (None, tag) if tag.is_none_or(is_tag) => Ok(format!("{repository}:{}", tag.unwrap_or(DEFAULT_TAG))),
        _ => Err(invalid(name)),
    }
}

/// Whether this is a digest that we keep blobs under: `sha256:` and 64 hex digits.
pub(crate) fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:")
        .is_some_and(|hex| hex.len() == 64 && is_hex(hex))
}

/// Whether these are lower-case hex digits.
pub(crate) fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The repository without the registry and namespace that nobody needs to write.
fn short(repository: &str) -> &str {
    let path = match repository.split_once('/') {
        Some((registry, path)) if DEFAULT_REGISTRIES.contains(&registry) => path,
        Some((registry, _)) if is_registry(registry) => return repository,
        _ => repository,
    };
    path.strip_prefix(DEFAULT_NAMESPACE)
        .filter(|rest| !rest.contains('/'))
        .unwrap_or(path)
}

fn is_registry(first: &str) -> bool {
    first == "localhost"
        || (first.contains(['.', ':']) && first.starts_with(|c: char| c.is_ascii_alphanumeric()))
}

fn check_repository(name: &str, repository: &str) -> Result<(), StoreError> {
    let path = match repository.split_once('/') {
        Some((registry, path)) if is_registry(registry) => path,
        _ => repository,
    };
    if path.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(StoreError::Invalid(format!(
            "invalid reference format: repository name ({path}) must be lowercase"
        )));
    }
    let legal = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part.ends_with(|c: char| c.is_ascii_alphanumeric())
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    if path.split('/').all(legal) {
        Ok(())
    } else {
        Err(invalid(name))
    }
}

fn is_tag(tag: &str) -> bool {
    tag.len() <= MAX_TAG_CHARS
        && tag.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && tag
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

fn invalid(name: &str) -> StoreError {
    StoreError::Invalid(format!("invalid reference format: {name:?} is no image's name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_of_an_image_are_one_name() {
        let digest = format!("sha256:{}", "a".repeat(64));
        for (name, expected) in [
            (
                "docker.io/hyperledger/fabric-ccenv:2.5",
                "hyperledger/fabric-ccenv:2.5",
            ),
            ("hyperledger/fabric-ccenv:2.5", "hyperledger/fabric-ccenv:2.5"),
            ("index.docker.io/library/busybox", "busybox:latest"),
            ("library/busybox:1", "busybox:1"),
            ("busybox", "busybox:latest"),
            ("localhost/library/x", "localhost/library/x:latest"),
            ("registry.example:5000/a/b", "registry.example:5000/a/b:latest"),
            ("registry.example:5000/a/b:T", "registry.example:5000/a/b:T"),
            (
                "dev-peer0.org1.example.com-kv1-ab",
                "dev-peer0.org1.example.com-kv1-ab:latest",
            ),
        ] {
            assert_eq!(familiar(name).unwrap(), expected, "{name}");
        }
        assert_eq!(
            familiar(&format!("docker.io/a/b:1@{digest}")).unwrap(),
            format!("a/b@{digest}")
        );
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for name in [
            "",
            ":1",
            "a b",
            "../x",
            "a//b",
            "a:",
            "a@sha256:1",
            "Upper",
            "a:-x",
        ] {
            assert!(matches!(familiar(name), Err(StoreError::Invalid(_))), "{name}");
        }
    }
}
