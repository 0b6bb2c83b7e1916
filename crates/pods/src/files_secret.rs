//! The immutable Secret with the files of one upload. Its keys are numbers, because paths are not legal keys.
//! The record has the path of each key.

use std::collections::BTreeMap;

use engine::container::Record;
use engine::ports::SecretFile;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;

use crate::{labels, owner};

/// Returns the Secret's name. The uid is in it: a new container of the same name must not find the Secret of
/// the earlier container, which garbage collection may not have removed yet.
pub(crate) fn name(record: &Record, number: u32) -> String {
    format!("{}-{}-files-{number}", record.name, record.uid)
}

/// Returns the key of an upload's file.
pub(crate) fn key(index: usize) -> String {
    format!("f{index}")
}

/// Returns the Secret of upload `number`.
pub(crate) fn build(record: &Record, namespace: &str, number: u32, files: &[SecretFile]) -> Secret {
    let mut metadata = labels::metadata(name(record, number), namespace, &record.container);
    metadata.owner_references = Some(vec![owner::reference(record, false)]);
    let content = |(index, file): (usize, &SecretFile)| (key(index), ByteString(file.content.to_vec()));
    let data: BTreeMap<_, _> = files.iter().enumerate().map(content).collect();
    Secret {
        metadata,
        immutable: Some(true),
        data: Some(data),
        ..Secret::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::sample;

    #[test]
    fn files_are_kept_in_order_and_belong_to_the_record() {
        let record = sample::chaincode();
        let file = |path: &str, content: &'static [u8]| SecretFile {
            path: path.into(),
            content: content.into(),
        };
        let secret = build(&record, "ns", 3, &[file("/b", b"one"), file("/a", b"\xff")]);
        let data = secret.data.unwrap();
        assert_eq!(
            (data["f0"].0.as_slice(), data["f1"].0.as_slice()),
            (&b"one"[..], &b"\xff"[..])
        );
        assert_eq!(secret.immutable, Some(true));
        assert_eq!(
            secret.metadata.name.unwrap(),
            format!("{}-uid-1-files-3", record.name)
        );
        assert_eq!(secret.metadata.owner_references.unwrap()[0].uid, "uid-1");
    }
}
