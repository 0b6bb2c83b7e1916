//! Images as rules name them.

/// The registry of names without one.
const DEFAULT_REGISTRY: &str = "docker.io";
/// The part that Docker Hub's own images have and nobody writes.
const DEFAULT_NAMESPACE: &str = "library";
/// The tag of names without one.
const DEFAULT_TAG: &str = "latest";

/// An image's name with all that Docker lets one leave out: `busybox` is
/// `docker.io/library/busybox:latest` (distribution's `reference.ParseNormalizedNamed`).
#[must_use]
pub fn full_name(image: &str) -> String {
    let is_registry = |part: &str| part.contains(['.', ':']) || part == "localhost";
    let (registry, path) = match image.split_once('/') {
        Some(("index.docker.io", path)) => (DEFAULT_REGISTRY, path),
        Some((registry, path)) if is_registry(registry) => (registry, path),
        _ => (DEFAULT_REGISTRY, image),
    };
    let namespace = if registry == DEFAULT_REGISTRY && !path.contains('/') {
        format!("{DEFAULT_NAMESPACE}/")
    } else {
        String::new()
    };
    let last = path.rsplit('/').next().unwrap_or(path);
    let tag = if last.contains(['@', ':']) {
        String::new()
    } else {
        format!(":{DEFAULT_TAG}")
    };
    format!("{registry}/{namespace}{path}{tag}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_may_be_left_out_is_there() {
        for (name, full) in [
            ("busybox", "docker.io/library/busybox:latest"),
            (
                "hyperledger/fabric-ccenv:2.5",
                "docker.io/hyperledger/fabric-ccenv:2.5",
            ),
            (
                "docker.io/hyperledger/fabric-ccenv",
                "docker.io/hyperledger/fabric-ccenv:latest",
            ),
            ("index.docker.io/busybox:1", "docker.io/library/busybox:1"),
            ("localhost:5000/a", "localhost:5000/a:latest"),
            ("mirror.example/a/b:1", "mirror.example/a/b:1"),
            ("a/b@sha256:00", "docker.io/a/b@sha256:00"),
        ] {
            assert_eq!(super::full_name(name), full);
        }
    }
}
