//! Owner references: all objects of a container belong to its record, and garbage collection removes them
//! with it. The record is removed with the workload of the peer that created the container.

use engine::container::{Owner, Record};
use engine::name::RecordName;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

/// A record's kind.
const RECORD_KIND: &str = "ConfigMap";

/// Returns the reference to `record`. `blockOwnerDeletion` is false, because some clusters require rights on
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

/// Returns a record's reference to the peer's workload, which does not manage it.
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

/// Returns the uids of the records that own the object with this metadata.
pub(crate) fn records(meta: &ObjectMeta) -> impl Iterator<Item = &str> {
    let owners = meta.owner_references.iter().flatten();
    let records = owners.filter(|owner| owner.kind == RECORD_KIND);
    records.map(|owner| owner.uid.as_str())
}

/// Returns the record that controls the object with this metadata: its name and uid.
pub(crate) fn controller(meta: &ObjectMeta) -> Option<(RecordName, &str)> {
    let owners = meta.owner_references.as_deref()?;
    let record = owners
        .iter()
        .find(|owner| owner.controller == Some(true) && owner.kind == RECORD_KIND)?;
    Some((RecordName(record.name.clone()), &record.uid))
}
