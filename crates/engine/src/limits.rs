//! THE table of the limits on containers, each with its reason. They keep clients and agents from filling
//! memory, and the API server's database.

use std::time::Duration;

use crate::limit::{Limit, Unit};

/// All limits of the engine.
pub const LIMITS: [&Limit; 3] = [&UPLOAD_SECS, &FREE_UPLOAD_BYTES, &UPLOADS_BYTES];

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
