//! The answers that describe containers: inspect, and the list.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use crate::config::Config;
use crate::version::OS;

/// Docker's value for a time that has not come.
pub const NO_TIME: &str = "0001-01-01T00:00:00Z";

/// The answer of `GET /containers/ID/json`: the fields that have a meaning for a Pod.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ContainerInspect {
    /// Docker's id.
    pub id: String,
    /// The time of its creation.
    pub created: String,
    /// The program.
    pub path: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Its state.
    pub state: State,
    /// The image's id.
    pub image: String,
    /// `/NAME`.
    pub name: String,
    /// Always 0: a program that has ended is not restarted.
    pub restart_count: u32,
    /// The name of the system that runs it.
    pub driver: &'static str,
    /// The operating system.
    pub platform: &'static str,
    /// The limits, and constants.
    pub host_config: Value,
    /// Always empty: files are in the image or were uploaded.
    pub mounts: [Value; 0],
    /// The configuration that was asked for, on top of the image's.
    pub config: Config,
    /// Always without networks: a Pod has its own network.
    pub network_settings: Value,
}

/// The state of a container.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct State {
    /// `created`, `running` or `exited`.
    pub status: &'static str,
    /// True while it runs.
    pub running: bool,
    /// Always false.
    pub paused: bool,
    /// Always false.
    pub restarting: bool,
    /// True if it was killed because it ran out of memory.
    #[serde(rename = "OOMKilled")]
    pub oom_killed: bool,
    /// Always false.
    pub dead: bool,
    /// 0: the process is on another machine.
    pub pid: i64,
    /// The exit code.
    pub exit_code: i64,
    /// The cause of a failed start, or of an end if more than the exit code is known.
    pub error: String,
    /// The time at which its program started.
    pub started_at: String,
    /// The time at which it ended.
    pub finished_at: String,
}

/// One row of `GET /containers/json`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ContainerSummary {
    /// Docker's id.
    pub id: String,
    /// `/NAME`.
    pub names: [String; 1],
    /// The image as the client named it.
    pub image: String,
    /// Its id.
    #[serde(rename = "ImageID")]
    pub image_id: String,
    /// The program and its arguments.
    pub command: String,
    /// The time of its creation, in seconds since 1970.
    pub created: i64,
    /// Always empty.
    pub ports: [Value; 0],
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// `created`, `running` or `exited`.
    pub state: &'static str,
    /// The state with a duration.
    pub status: String,
    /// Constants.
    pub host_config: Value,
    /// Always without networks: a Pod has its own network.
    pub network_settings: Value,
    /// Always empty.
    pub mounts: [Value; 0],
}

/// The name of the system that runs containers here.
pub const DRIVER: &str = "kubernetes";

/// The limits of a container, and how long it is kept.
#[derive(Clone, Copy, Debug, Default)]
pub struct HostConfig {
    /// The memory limit in bytes; 0 means no limit.
    pub memory_bytes: i64,
    /// The CPU limit in billionths of a core; 0 means no limit.
    pub nano_cpus: i64,
    /// A weight: 1024 is one core; 0 is the default.
    pub cpu_shares: i64,
    /// True if the container is removed when it has ended.
    pub auto_remove: bool,
    /// True if the root filesystem is read-only.
    pub readonly_rootfs: bool,
}

/// Returns `HostConfig`: the limits of a container, and constants.
#[must_use]
pub fn host_config(host: HostConfig) -> Value {
    json!({
        "NetworkMode": "default",
        "RestartPolicy": { "Name": "no", "MaximumRetryCount": 0 },
        "AutoRemove": host.auto_remove,
        "Memory": host.memory_bytes,
        "NanoCpus": host.nano_cpus,
        "CpuShares": host.cpu_shares,
        "ReadonlyRootfs": host.readonly_rootfs,
        "Privileged": false,
    })
}

/// Returns the networks of a container: Docker has none here.
#[must_use]
pub fn no_networks() -> Value {
    json!({ "Networks": {} })
}

impl ContainerInspect {
    /// A container with these values; the other fields are the same for all.
    #[must_use]
    pub fn new(id: String, config: Config, state: State) -> Self {
        Self {
            id,
            created: String::new(),
            path: String::new(),
            args: Vec::new(),
            state,
            image: String::new(),
            name: String::new(),
            restart_count: 0,
            driver: DRIVER,
            platform: OS,
            host_config: Value::Null,
            mounts: [],
            config,
            network_settings: no_networks(),
        }
    }
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Formats a duration as Docker's client prints it (`units.HumanDuration`).
#[must_use]
pub fn human_duration(secs: i64) -> String {
    /// Each row: durations below this many seconds are counted in that unit.
    const STEPS: [(i64, i64, &str); 7] = [
        (MINUTE, 1, "seconds"),
        (HOUR, MINUTE, "minutes"),
        (2 * DAY, HOUR, "hours"),
        (14 * DAY, DAY, "days"),
        (60 * DAY, 7 * DAY, "weeks"),
        (2 * 365 * DAY, 30 * DAY, "months"),
        (i64::MAX, 365 * DAY, "years"),
    ];
    // From hours on, Docker's client counts rounded hours.
    let rounded = if secs < HOUR {
        secs
    } else {
        (secs + HOUR / 2) / HOUR * HOUR
    };
    let &(_, unit, name) = STEPS.iter().find(|(end, ..)| rounded < *end).unwrap_or(&STEPS[6]);
    match (rounded / unit, unit) {
        (..1, _) => "Less than a second".to_owned(),
        (1, 1) => "1 second".to_owned(),
        (1, MINUTE) => "About a minute".to_owned(),
        (1, HOUR) => "About an hour".to_owned(),
        (count, _) => format!("{count} {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{DAY, HOUR};

    #[test]
    fn durations_read_as_dockers() {
        for (secs, text) in [
            (0, "Less than a second"),
            (1, "1 second"),
            (59, "59 seconds"),
            (60, "About a minute"),
            (119, "About a minute"),
            (120, "2 minutes"),
            (HOUR, "About an hour"),
            (2 * HOUR - 1, "2 hours"),
            (47 * HOUR, "47 hours"),
            (2 * DAY, "2 days"),
            (14 * DAY, "2 weeks"),
            (60 * DAY, "2 months"),
            (730 * DAY, "2 years"),
        ] {
            assert_eq!(super::human_duration(secs), text, "{secs}");
        }
    }
}
