//! THE table of the limits on containers, each with its reason. They keep clients and agents from filling
//! memory, and the API server's database.

use std::time::Duration;

use serde::Serialize;

use crate::container::{Container, Upload};
use crate::error::{Error, Result};
use crate::limit::{Limit, Unit};

/// All limits of the engine.
pub const LIMITS: [&Limit; 9] = [
    &CONTAINERS,
    &REQUEST_BYTES,
    &RECORD_BYTES,
    &UPLOADS,
    &SECRET_BYTES,
    &UPLOAD_SECS,
    &FREE_UPLOAD_BYTES,
    &UPLOADS_BYTES,
    &TAGS,
];

pub(crate) const CONTAINERS: Limit = Limit {
    what: "containers (the setting `max-containers`)",
    most: 4096,
    unit: Unit::Count,
    why: "their records have at most 1 GiB, half of what etcd has by default; others are answered with 503",
    seen: Some(4),
};
pub(crate) const REQUEST_BYTES: Limit = Limit {
    what: "a create request, as its record keeps it",
    most: 64 << 10,
    unit: Unit::Bytes,
    why: "a peer's has less than 3 KiB, most of them its environment",
    seen: Some(2385),
};
pub(crate) const RECORD_BYTES: Limit = Limit {
    what: "a record: the request, the image's settings, and the names of uploaded files",
    most: 256 << 10,
    unit: Unit::Bytes,
    why: "with its formatting and labels it is below the 1 MiB of a ConfigMap",
    seen: None,
};
pub(crate) const UPLOADS: Limit = Limit {
    what: "uploads to a container",
    most: 64,
    unit: Unit::Count,
    why: "a peer makes one; each may be a Secret and a volume of the Pod",
    seen: Some(1),
};
pub(crate) const SECRET_BYTES: Limit = Limit {
    what: "a container's uploaded files that are kept in Secrets",
    most: 1 << 20,
    unit: Unit::Bytes,
    why: "a peer's TLS files; larger uploads are kept in the image store",
    seen: Some(2932),
};
pub(crate) const TAGS: Limit = Limit {
    what: "names that a build gives to its image",
    most: 16,
    unit: Unit::Count,
    why: "a peer gives one",
    seen: Some(1),
};
pub(crate) const UPLOAD_SECS: Limit = Limit {
    what: "time for the part of an upload that chainpod looks at before it keeps it (600 KiB)",
    most: 30,
    unit: Unit::Seconds,
    why: "a peer sends its TLS files in one piece",
    seen: None,
};
pub(crate) const UPLOAD_TIME: Duration = Duration::from_secs(UPLOAD_SECS.most);
pub(crate) const FREE_UPLOAD_BYTES: Limit = Limit {
    what: "an upload that always finds room, uncompressed",
    most: 32 << 10,
    unit: Unit::Bytes,
    why: "a peer's TLS files",
    seen: Some(7680),
};
pub(crate) const UPLOADS_BYTES: Limit = Limit {
    what: "memory for all larger uploads",
    most: 32 << 20,
    unit: Unit::Bytes,
    why: "more than 50 of the largest that become a Secret; others wait for at most 60 s, and are then answered with 503",
    seen: None,
};

/// Checks the size of a container that is to be created.
///
/// # Errors
/// Returns `Invalid` with the name of the largest part.
pub(crate) fn created(container: &Container) -> Result<()> {
    let what = |what: &str, limit: &Limit, largest: &str| {
        Error::Invalid(format!(
            "{what} is larger than {limit}, most of it its {largest}: make that smaller"
        ))
    };
    if bytes(&container.spec) > REQUEST_BYTES.most {
        return Err(what(
            "the create request",
            &REQUEST_BYTES,
            &largest(&container.spec),
        ));
    }
    if bytes(container) > RECORD_BYTES.most {
        return Err(what("the container's record", &RECORD_BYTES, &largest(container)));
    }
    Ok(())
}

/// Checks that a container has room for an upload.
///
/// # Errors
/// Returns `Invalid` with the limit that it is beyond.
pub(crate) fn uploaded(container: &Container, upload: &Upload) -> Result<()> {
    let refused = |what: &str| Err(Error::Invalid(format!("container {} {what}", container.id)));
    room_for_upload(container)?;
    let secrets = container.uploads.iter().chain([upload]).map(secret_bytes);
    if secrets.sum::<u64>() > SECRET_BYTES.most {
        return refused(&format!(
            "may have {SECRET_BYTES} of uploaded files in Secrets; build large files into the image"
        ));
    }
    if bytes(container) + bytes(upload) > RECORD_BYTES.most {
        return refused(
            "has no room in its record for the names of these files; put fewer files into it, or build them into the image",
        );
    }
    Ok(())
}

/// Checks that a container may have one more upload, whatever it is.
///
/// # Errors
/// Returns `Invalid` if it may not.
pub(crate) fn room_for_upload(container: &Container) -> Result<()> {
    if container.uploads.len() < UPLOADS.amount() {
        return Ok(());
    }
    Err(Error::Invalid(format!(
        "container {} has {UPLOADS} uploads already; put several files into one archive",
        container.id
    )))
}

fn secret_bytes(upload: &Upload) -> u64 {
    match upload {
        Upload::Files { files, .. } => files.iter().map(|file| file.size).sum(),
        Upload::Archive { .. } => 0,
    }
}

fn bytes(part: &impl Serialize) -> u64 {
    // Records are made of texts and numbers, which are always JSON.
    serde_json::to_vec(part).map_or(0, |json| json.len() as u64)
}

/// Returns the name of the part that has most bytes.
fn largest(whole: &impl Serialize) -> String {
    let parts = serde_json::to_value(whole).unwrap_or_default();
    let parts = parts.as_object().into_iter().flatten();
    let largest = parts.max_by_key(|(_, part)| bytes(*part));
    largest.map(|(name, _)| name.clone()).unwrap_or_default()
}
