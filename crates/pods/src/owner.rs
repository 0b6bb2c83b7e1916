//! Owner references: everything of a container belongs to its record and goes
//! with it by garbage collection; the record goes with the workload of the peer
//! that asked for it.

use engine::container::{Owner, Record};
use engine::name::RecordName;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

/// A record's kind.
const RECORD_KIND: &str = "ConfigMap";

/// The reference to `record`. `blockOwnerDeletion` is false: some clusters ask for rights on
/// finalizers otherwise.
pub(crate) fn reference(record: &Record, controller: bool) -> OwnerReference {
    OwnerReference {
        api_version: "v1".to_owned(),
        kind: RECORD_KIND.to_owned(),
        name: record.name.0.clone(),
        uid: record.uid.clone(),
        controller: Some(controller),
        block_owner_deletion: Some(false),
    }
}

/// A record's reference to the peer's workload, which does not manage it.
pub(crate) fn of_record(owner: &Owner) -> OwnerReference {
    OwnerReference {
        api_version: owner.api_version.clone(),
        kind: owner.kind.clone(),
        name: owner.name.clone(),
        uid: owner.uid.clone(),
        controller: Some(false),
        block_owner_deletion: Some(false),
    }
}

/// The uids of the records that own the object of this metadata.
pub(crate) fn records(meta: &ObjectMeta) -> impl Iterator<Item = &str> {
    let owners = meta.owner_references.iter().flatten();
    let records = owners.filter(|owner| owner.kind == RECORD_KIND);
    records.map(|owner| owner.uid.as_str())
}

/// The record that controls the object of this metadata: name and uid.
pub(crate) fn controller(meta: &ObjectMeta) -> Option<(RecordName, &str)> {
    let owners = meta.owner_references.as_deref()?;
    let record = owners
        .iter()
        .find(|owner| owner.controller == Some(true) && owner.kind == RECORD_KIND)?;
    Some((RecordName(record.name.clone()), &record.uid))
}
