//! Names that earlier versions have written are read. A peer that remembers its image never builds it again.

use std::fs;

use super::*;

/// A built image as chainpod 0.1.0 of November 2026 keeps its name.
const BUILT: &str = r#"{"manifest":"sha256:02","image":{"id":"sha256:00","name":"dev-peer0.org1.example.com-kv1-ab:latest","reference":"hyperledger/fabric-baseos:2.5","overlay":{"layers":["sha256:01"],"directories":["/usr/local/bin"],"entrypoint":null,"cmd":null,"env":["CORE_CHAINCODE_BUILDLEVEL=2.5.9"],"labels":{},"workingDir":"","user":"","sizeBytes":1024},"created":"2026-11-01T00:00:00Z"}}"#;
/// An image that was pulled, likewise.
const PULLED: &str = r#"{"image":{"id":"sha256:03","name":"hyperledger/fabric-ccenv:2.5","reference":"hyperledger/fabric-ccenv:2.5","overlay":null,"created":"2026-11-01T00:00:00Z"}}"#;

#[tokio::test]
async fn an_image_of_an_earlier_version_is_found_by_its_name_and_written_back_as_it_was() {
    let root = tempfile::tempdir().unwrap();
    let names = root.path().join("refs/s");
    fs::create_dir_all(&names).unwrap();
    for (file, json, name) in [
        ("dev-peer0.org1.example.com-kv1-ab=3alatest", BUILT, NAME),
        (
            "hyperledger=2ffabric-ccenv=3a2.5",
            PULLED,
            "hyperledger/fabric-ccenv:2.5",
        ),
    ] {
        fs::write(names.join(file), json).unwrap();
        let store = open(root.path()).await.unwrap();
        let image = store.image(&scope("s"), &reference(name)).await.unwrap();
        assert!(image.is_some(), "{name}");
        let named: crate::layout::Named = serde_json::from_str(json).unwrap();
        assert_eq!(image, Some(named.image.clone()));
        assert_eq!(serde_json::to_string(&named).unwrap(), json);
    }
}
