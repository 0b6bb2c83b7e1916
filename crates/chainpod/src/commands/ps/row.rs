//! One container as a row, and as JSON.

use jiff::Timestamp;
use pods::View;
use serde_json::{Value, json};

/// The cell of an unknown value.
const NONE: &str = "-";
/// The headings. Those after [`FEW`] are added by `-o wide`.
const HEADS: [&str; WIDE] = [
    "CHAINCODE",
    "PEER",
    "POD",
    "NODE",
    "STATE",
    "RESTARTS",
    "AGE",
    "MEMORY",
    "MSP",
    "ROLE",
    "ID",
    "IMAGE",
];
const FEW: usize = 8;
const WIDE: usize = 12;
/// Units of memory, largest first.
const UNITS: [(&str, u64); 4] = [("Ti", 1 << 40), ("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)];
/// Units of time, in seconds, largest first. Each unit is used from twice its size on, as in kubectl.
const AGES: [(&str, i64); 3] = [("d", 86_400), ("h", 3600), ("m", 60)];

pub(super) fn heads() -> [String; FEW] {
    std::array::from_fn(|column| HEADS[column].to_owned())
}

pub(super) fn wide_heads() -> [String; WIDE] {
    HEADS.map(str::to_owned)
}

pub(super) fn cells(view: &View, now: Timestamp) -> [String; FEW] {
    let wide = wide_cells(view, now);
    std::array::from_fn(|column| wide[column].clone())
}

pub(super) fn wide_cells(view: &View, now: Timestamp) -> [String; WIDE] {
    let container = view.container();
    let known = |text: Option<&str>| text.filter(|text| !text.is_empty()).unwrap_or(NONE).to_owned();
    let since = container.started_at.unwrap_or(container.created);
    [
        known(container.chaincode()),
        known(container.peer()),
        known(pod_name(view)),
        known(view.node()),
        view.state(),
        restarts(view).to_string(),
        age((now - since).get_seconds()),
        view.memory_limit().map_or_else(|| NONE.to_owned(), memory),
        known(container.msp()),
        view.container().role.name().to_owned(),
        container.id.short().to_owned(),
        container.image.reference.clone(),
    ]
}

/// Returns all known values, under stable names.
pub(super) fn json(view: &View) -> Value {
    let container = view.container();
    let exit = container.exit.as_ref();
    json!({
        "chaincode": container.chaincode(),
        "peer": container.peer(),
        "msp": container.msp(),
        "role": view.container().role.name(),
        "container": container.name,
        "id": container.id.0,
        "record": view.record.name.0,
        "pod": pod_name(view),
        "node": view.node(),
        "state": view.state(),
        "restarts": restarts(view),
        "createdAt": container.created.to_string(),
        "startedAt": container.started_at.map(|time| time.to_string()),
        "exitCode": exit.map(|exit| exit.code),
        "error": exit.map(|exit| exit.error.as_str()).filter(|error| !error.is_empty()),
        "image": container.image.reference,
        "memoryLimit": view.memory_limit(),
    })
}

fn pod_name(view: &View) -> Option<&str> {
    view.pod.as_ref()?.metadata.name.as_deref()
}

/// Returns the number of starts after the first.
fn restarts(view: &View) -> u32 {
    view.container().starts.saturating_sub(1)
}

/// Returns an age as `90s`, `5m`, `3h` or `2d`.
pub(super) fn age(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let unit = AGES.into_iter().find(|(_, size)| seconds >= 2 * size);
    unit.map_or_else(
        || format!("{seconds}s"),
        |(unit, size)| format!("{}{unit}", seconds / size),
    )
}

/// Returns a quantity of bytes in the largest unit of which it is a whole number. Other quantities are
/// unchanged.
pub(super) fn memory(quantity: &str) -> String {
    let Ok(bytes) = quantity.parse::<u64>() else {
        return quantity.to_owned();
    };
    let unit = UNITS.into_iter().find(|(_, size)| bytes > 0 && bytes % size == 0);
    unit.map_or_else(
        || quantity.to_owned(),
        |(unit, size)| format!("{}{unit}", bytes / size),
    )
}
