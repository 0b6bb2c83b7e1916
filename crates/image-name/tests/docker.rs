//! Docker's and containerd's answers for 164 names (`docker.json`, printed by `names.go`) are ours. For the
//! exceptions, [`ours`] gives the reasons.

use image_name::{IdPrefix, ImageName, Reference};
use serde::Deserialize;

/// The answers for one name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    /// `ParseNormalizedNamed` and `TagNameOnly`.
    docker: Option<String>,
    /// `ParseDockerRef`, for containerd and the kubelet, if it differs.
    containerd: Option<String>,
    /// `FamiliarString` of that name.
    familiar: Option<String>,
    /// The error of all of them.
    refused: Option<String>,
    /// `ParseAnyReference`, if the text is not a name.
    id: Option<String>,
}

/// Returns our error and the reason, for names that Docker accepts and we refuse.
fn ours(row: &Row) -> Option<(String, &'static str)> {
    let registry = row.name.split('/').next()?;
    let uppercase = |repository: &str| {
        format!("invalid reference format: repository name ({repository}) must be lowercase")
    };
    if row.docker.is_some() && registry.len() > 1000 {
        let too_long = "repository name must not be more than 255 characters".to_owned();
        return Some((too_long, "no host in DNS is longer than 253"));
    }
    let why = "Docker takes a first part with capitals for a registry's host, other readers (oci-client) for a \
               namespace of docker.io: who allows docker.io/* must not get it";
    match row.name.as_str() {
        "EVIL/hyperledger/fabric-baseos:2.5" => Some((uppercase("EVIL/hyperledger/fabric-baseos"), why)),
        name @ ("EVIL/x/y" | "Evil/x" | "LOCALHOST/x") => Some((uppercase(name), why)),
        _ => None,
    }
}

fn rows() -> Vec<Row> {
    serde_json::from_str(include_str!("docker.json")).unwrap()
}

#[test]
fn names_are_what_docker_and_containerd_make_of_them() {
    let mut differ = 0;
    for row in rows() {
        let parsed = ImageName::parse(&row.name);
        if let Some((error, why)) = ours(&row) {
            assert!(row.docker.is_some(), "{}: Docker refuses it too; {why}", row.name);
            assert_eq!(parsed.unwrap_err().to_string(), error, "{:?}", row.name);
            differ += 1;
            continue;
        }
        match row.containerd.or(row.docker) {
            Some(full) => {
                let name = parsed.unwrap_or_else(|error| panic!("{:?}: {error}", row.name));
                assert_eq!(name.full(), full, "{:?}", row.name);
                assert_eq!(Some(name.familiar()), row.familiar, "{:?}", row.name);
                assert_eq!(
                    ImageName::parse(&full).as_ref(),
                    Ok(&name),
                    "{:?} in full",
                    row.name
                );
                assert_eq!(
                    ImageName::parse(&name.familiar()).as_ref(),
                    Ok(&name),
                    "{:?} in short",
                    row.name
                );
            }
            None => assert_eq!(
                Some(parsed.unwrap_err().to_string()),
                row.refused,
                "{:?}",
                row.name
            ),
        }
    }
    assert_eq!(differ, 5);
}

#[test]
fn ids_are_what_docker_takes_for_one() {
    for row in rows() {
        let found = match Reference::parse(&row.name) {
            Ok(Reference::Id(id)) => Some(id.to_string()),
            _ => None,
        };
        // Ids of images are only SHA-256 here.
        let expected = row.id.filter(|id| !id.starts_with("sha512:"));
        assert_eq!(found, expected, "{:?}", row.name);
    }
}

#[test]
fn a_name_has_its_parts() {
    let digest = format!("sha256:{}", "a".repeat(64));
    for (text, registry, path, repository, tag, of_digest) in [
        (
            "busybox",
            "docker.io",
            "library/busybox",
            "busybox",
            Some("latest"),
            None,
        ),
        ("docker.io/a/b:1", "docker.io", "a/b", "a/b", Some("1"), None),
        (
            "[::1]:5000/a/b:T",
            "[::1]:5000",
            "a/b",
            "[::1]:5000/a/b",
            Some("T"),
            None,
        ),
        (
            &format!("localhost/a:1@{digest}"),
            "localhost",
            "a",
            "localhost/a",
            None,
            Some(digest.as_str()),
        ),
    ] {
        let name = ImageName::parse(text).unwrap();
        assert_eq!(
            (name.registry(), name.path(), name.repository().as_str()),
            (registry, path, repository)
        );
        assert_eq!((name.tag(), name.digest()), (tag, of_digest), "{text}");
    }
}

#[test]
fn an_id_is_known_by_its_first_twelve_digits() {
    let id = format!("sha256:{}", "0123456789abcdef".repeat(4));
    for (text, is_of) in [
        (id.as_str(), true),
        (&id[7..], true),
        (&id[..19], true),
        (&id[7..19], true),
        (&id[7..18], false),
        ("sha256:", false),
        ("", false),
        ("123456789abc", false),
        ("0123456789AB", false),
        (&format!("{id}0"), false),
        (&format!("sha256:{id}"), false),
    ] {
        assert_eq!(
            IdPrefix::parse(text).is_some_and(|prefix| prefix.is_of(&id)),
            is_of,
            "{text}"
        );
    }
}

#[test]
fn a_reference_is_written_as_docker_writes_it() {
    let hex = "ab".repeat(32);
    for (text, written) in [
        ("dev-peer9", "dev-peer9:latest"),
        (
            "docker.io/hyperledger/fabric-ccenv:2.5",
            "hyperledger/fabric-ccenv:2.5",
        ),
        (&hex, &format!("sha256:{hex}")),
        (&hex[..12], &format!("{}:latest", &hex[..12])),
    ] {
        assert_eq!(Reference::parse(text).unwrap().to_string(), written);
    }
}
