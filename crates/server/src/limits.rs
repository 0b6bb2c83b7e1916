//! THE table of the limits on connections and calls, each with its reason. They keep clients and agents from
//! taking chainpod's memory. Limits of archives are in the store, those of containers in the engine.

use engine::limit::{Limit, Unit};

/// All limits of the server.
pub const LIMITS: [&Limit; 14] = [
    &CONNECTIONS,
    &SHARE,
    &HEAD_BYTES,
    &HEADERS,
    &HEAD_SECS,
    &FREE_HEAD_BYTES,
    &HEADS_BYTES,
    &HANDSHAKE_SECS,
    &IDLE_SECS,
    &JSON_BYTES,
    &JSON_VALUES,
    &BODY_SECS,
    &FREE_BODY_BYTES,
    &BODIES_BYTES,
];

pub(crate) const CONNECTIONS: Limit = Limit {
    what: "connections of all clients, and apart from them of all agents (the setting `max-connections`)",
    most: 4096,
    unit: Unit::Count,
    why: "a running chaincode holds 2 of its peer's, and 1 of its agent's",
    seen: Some(30),
};
pub(crate) const SHARE: Limit = Limit {
    what: "connections of one address (a quarter of `max-connections`)",
    most: CONNECTIONS.most / SHARES as u64,
    unit: Unit::Count,
    why: "enough for 500 chaincodes of one peer; four addresses together may hold all",
    seen: Some(30),
};
/// The number of addresses that can take all connections together.
pub(crate) const SHARES: usize = 4;
pub(crate) const HEAD_BYTES: Limit = Limit {
    what: "a request's line and headers",
    most: 128 << 10,
    unit: Unit::Bytes,
    why: "Docker clients send the passwords of all their registries with a build, a few KiB each",
    seen: Some(371),
};
pub(crate) const HEADERS: Limit = Limit {
    what: "headers of a request",
    most: 100,
    unit: Unit::Count,
    why: "Docker clients send about ten",
    seen: Some(7),
};
pub(crate) const HEAD_SECS: Limit = Limit {
    what: "time for a request's line and headers, from the connection's or their own first byte",
    most: 10,
    unit: Unit::Seconds,
    why: "clients send them in one piece",
    seen: None,
};
pub(crate) const FREE_HEAD_BYTES: Limit = Limit {
    what: "a request's line and headers that always find room",
    most: 4 << 10,
    unit: Unit::Bytes,
    why: "calls of peers and agents have less than 1 KiB",
    seen: Some(371),
};
pub(crate) const HEADS_BYTES: Limit = Limit {
    what: "buffers of all connections for longer lines and headers",
    most: 16 << 20,
    unit: Unit::Bytes,
    why: "80 builds at the same time, each with the passwords of ten registries; a connection beyond it is closed",
    seen: None,
};
pub(crate) const HANDSHAKE_SECS: Limit = Limit {
    what: "time for a TLS handshake",
    most: 10,
    unit: Unit::Seconds,
    why: "it takes milliseconds; a silent client holds a task and a file descriptor",
    seen: None,
};
pub(crate) const IDLE_SECS: Limit = Limit {
    what: "time between two requests of a connection",
    most: 300,
    unit: Unit::Seconds,
    why: "dockerd's own; known clients keep an idle connection for at most 90 s, so none uses one that is being closed",
    seen: None,
};

pub(crate) const JSON_BYTES: Limit = Limit {
    what: "a JSON body",
    most: 1 << 20,
    unit: Unit::Bytes,
    why: "most of a create request is the command and environment, which must fit into its record",
    seen: Some(2385),
};
pub(crate) const JSON_VALUES: Limit = Limit {
    what: "names, values and elements in a JSON body",
    most: 4096,
    unit: Unit::Count,
    why: "each takes some 100 bytes of memory, but as few as 3 of the body",
    seen: Some(186),
};
pub(crate) const BODY_SECS: Limit = Limit {
    what: "time for a JSON body",
    most: 30,
    unit: Unit::Seconds,
    why: "clients send it in one piece; a slower one is answered with 408",
    seen: None,
};
pub(crate) const FREE_BODY_BYTES: Limit = Limit {
    what: "a JSON body that always finds room",
    most: 16 << 10,
    unit: Unit::Bytes,
    why: "a peer's create request, with its environment",
    seen: Some(2385),
};
pub(crate) const BODIES_BYTES: Limit = Limit {
    what: "memory for all larger JSON bodies",
    most: 32 << 20,
    unit: Unit::Bytes,
    why: "16 of the largest, with their values; others wait for at most 60 s, and are then answered with 503",
    seen: None,
};
