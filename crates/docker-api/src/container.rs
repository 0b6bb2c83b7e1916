//! What is said of containers: inspect, and the list.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use crate::config::Config;
use crate::version::OS;

/// Docker's word for a time that has not come.
pub const NO_TIME: &str = "0001-01-01T00:00:00Z";

/// The answer of `GET /containers/ID/json`: the fields that mean something for a Pod.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ContainerInspect {
    /// Docker's id.
    pub id: String,
    /// When it was created.
    pub created: String,
    /// The program.
    pub path: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Where it is in its life.
    pub state: State,
    /// The image's id.
    pub image: String,
    /// `/NAME`.
    pub name: String,
    /// Always 0: a program that ended is never run again by itself.
    pub restart_count: u32,
    /// What runs it.
    pub driver: &'static str,
    /// The operating system.
    pub platform: &'static str,
    /// Limits, and what is constant.
    pub host_config: Value,
    /// None: files are in the image or were put into it.
    pub mounts: [Value; 0],
    /// What was asked for, on top of what the image says.
    pub config: Config,
    /// None: a Pod has its own.
    pub network_settings: Value,
}

/// Where a container is in its life.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct State {
    /// `created`, `running` or `exited`.
    pub status: &'static str,
    /// Whether it runs.
    pub running: bool,
    /// Never.
    pub paused: bool,
    /// Never.
    pub restarting: bool,
    /// Whether it was killed for its memory.
    #[serde(rename = "OOMKilled")]
    pub oom_killed: bool,
    /// Never.
    pub dead: bool,
    /// 0: the process is on another machine.
    pub pid: i64,
    /// How it ended.
    pub exit_code: i64,
    /// Why it could not be started, or what is known of its end beyond the code.
    pub error: String,
    /// When its program started.
    pub started_at: String,
    /// When it ended.
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
    /// When it was created, in seconds since 1970.
    pub created: i64,
    /// None.
    pub ports: [Value; 0],
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// `created`, `running` or `exited`.
    pub state: &'static str,
    /// The same with a duration.
    pub status: String,
    /// What is constant.
    pub host_config: Value,
    /// None: a Pod has its own.
    pub network_settings: Value,
    /// None.
    pub mounts: [Value; 0],
}

/// What runs containers here.
pub const DRIVER: &str = "kubernetes";

/// What a container may have and how it is kept.
#[derive(Clone, Copy, Debug, Default)]
pub struct HostConfig {
    /// The limit of its memory; 0 is none.
    pub memory_bytes: i64,
    /// The limit in billionths of a core; 0 is none.
    pub nano_cpus: i64,
    /// A weight: 1024 is one core; 0 is the default.
    pub cpu_shares: i64,
    /// Whether it goes when it has ended.
    pub auto_remove: bool,
    /// Whether the image's files cannot be written to.
    pub readonly_rootfs: bool,
}

/// `HostConfig`: the limits of a container, and what is constant.
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

/// The networks of a container: Docker has none here.
#[must_use]
pub fn no_networks() -> Value {
    json!({ "Networks": {} })
}

impl ContainerInspect {
    /// A container of ours: what is the same for all.
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

/// How long, as Docker's client prints it (`units.HumanDuration`).
#[must_use]
pub fn human_duration(secs: i64) -> String {
    /// Up to this, in units of that.
    const STEPS: [(i64, i64, &str); 7] = [
        (MINUTE, 1, "seconds"),
        (HOUR, MINUTE, "minutes"),
        (2 * DAY, HOUR, "hours"),
        (14 * DAY, DAY, "days"),
        (60 * DAY, 7 * DAY, "weeks"),
        (2 * 365 * DAY, 30 * DAY, "months"),
        (i64::MAX, 365 * DAY, "years"),
    ];
    // From hours on, it counts rounded hours.
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
