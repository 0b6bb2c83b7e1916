//! THE table of a create request's fields: each of Docker's fields with its fate. `docs/docker-api.md` shows
//! it.

use std::collections::BTreeMap;

use serde_json::Value;

/// The fate of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is honoured.
    Honoured,
    /// It holds in any Pod anyway, or has no meaning for one: there is no warning.
    Moot,
    /// It is not honoured, and `Warnings` report it.
    Ignored,
    /// It is not honoured, and the request is answered with 400.
    Refused,
}

/// Fields with the same fate for the same reason.
pub struct Row {
    /// Their fate.
    pub fate: Fate,
    /// Their names.
    pub fields: &'static [&'static str],
    /// The way in which they are honoured, or the reason why not.
    pub text: &'static str,
    /// Values that mean the same as an absent field.
    nothing: &'static [&'static str],
    /// True if a key without a value asks for something.
    by_key: bool,
}

const fn row(fate: Fate, fields: &'static [&'static str], text: &'static str) -> Row {
    Row {
        fate,
        fields,
        text,
        nothing: &[],
        by_key: false,
    }
}

impl Row {
    const fn unless(mut self, nothing: &'static [&'static str]) -> Self {
        self.nothing = nothing;
        self
    }

    const fn by_key(mut self) -> Self {
        self.by_key = true;
        self
    }

    fn is_asked_by(&self, value: &Value) -> bool {
        match value {
            Value::Object(values) if self.by_key => !values.is_empty(),
            value => !asks_nothing(value, self.nothing),
        }
    }
}

use Fate::{Honoured, Ignored, Moot, Refused};

/// The table. Fields that Docker does not have are accepted without a warning.
pub static FIELDS: [Row; 47] = [
    row(
        Honoured,
        &["Image"],
        "must have been built or pulled through chainpod",
    ),
    row(
        Honoured,
        &["Entrypoint", "Cmd"],
        "replace the values of the image, as in Docker. Variables in them are not expanded",
    ),
    row(
        Honoured,
        &["Env"],
        "added to the image's variables. If a name occurs twice, the last value counts. A name without `=` removes the variable. Variables in values are not expanded",
    ),
    row(Honoured, &["WorkingDir"], "replaces the image's directory"),
    row(
        Honoured,
        &["User"],
        "`UID` or `UID:GID`. `root` is 0. Any other name is ignored, and `Warnings` says so",
    ),
    row(
        Honoured,
        &["Labels"],
        "added to the image's labels. They are in inspect, in filters, and on the Pod as the annotation `chainpod.dev/docker-labels`",
    ),
    row(
        Honoured,
        &["Hostname"],
        "the Pod's `hostname`. A name that Kubernetes does not accept is ignored, and `Warnings` says so",
    ),
    row(Honoured, &["ExposedPorts"], "the Pod's `containerPorts`"),
    row(
        Honoured,
        &["Tty"],
        "the Pod has a terminal. attach and logs then have no frames",
    ),
    row(
        Moot,
        &["AttachStdin", "AttachStdout", "AttachStderr"],
        "the attach call chooses the streams",
    ),
    row(
        Ignored,
        &["OpenStdin", "StdinOnce"],
        "the program's input is empty",
    ),
    row(Ignored, &["Domainname"], "a Pod uses its cluster's domain"),
    row(Ignored, &["Healthcheck"], "chainpod runs no health checks").unless(&["NONE"]),
    row(
        Ignored,
        &["Volumes"],
        "all files of a container are removed with it",
    )
    .by_key(),
    row(
        Ignored,
        &["NetworkDisabled", "MacAddress", "NetworkingConfig"],
        "a Pod uses its cluster's network",
    ),
    row(Ignored, &["StopSignal"], "stop always sends SIGTERM").unless(&["SIGTERM", "TERM", "15"]),
    row(Ignored, &["StopTimeout"], "the stop call has its own timeout"),
    row(
        Moot,
        &["Shell", "OnBuild", "ArgsEscaped"],
        "used only by builds, or on Windows",
    ),
    row(
        Honoured,
        &["HostConfig.Memory"],
        "becomes the Pod's memory limit, not its request",
    ),
    row(
        Honoured,
        &[
            "HostConfig.NanoCpus",
            "HostConfig.CpuQuota",
            "HostConfig.CpuPeriod",
        ],
        "the Pod's limit",
    ),
    row(
        Honoured,
        &["HostConfig.CpuShares"],
        "the Pod's request: 1024 is one core",
    ),
    row(
        Honoured,
        &["HostConfig.Dns"],
        "replaces the cluster's servers: `dnsPolicy: None`",
    ),
    row(
        Honoured,
        &["HostConfig.DnsSearch", "HostConfig.DnsOptions"],
        "added to those of the cluster: `dnsConfig`",
    ),
    row(
        Honoured,
        &["HostConfig.ExtraHosts"],
        "the Pod's `hostAliases`: `NAME:ADDRESS`, but not `host-gateway`",
    ),
    row(
        Honoured,
        &["HostConfig.AutoRemove"],
        "the container is removed when it has ended",
    ),
    row(
        Honoured,
        &["HostConfig.ReadonlyRootfs"],
        "`readOnlyRootFilesystem`",
    ),
    row(
        Moot,
        &["HostConfig.CapDrop"],
        "all capabilities are always dropped",
    ),
    row(
        Moot,
        &["HostConfig.Init"],
        "chainpod's agent is the first process, and reaps ended processes",
    ),
    row(
        Moot,
        &["HostConfig.ConsoleSize", "HostConfig.ContainerIDFile"],
        "used only by the client",
    ),
    row(
        Ignored,
        &["HostConfig.NetworkMode"],
        "a Pod uses its cluster's network",
    )
    .unless(&["default", "bridge", "host", "nat"]),
    row(
        Ignored,
        &[
            "HostConfig.PortBindings",
            "HostConfig.PublishAllPorts",
            "HostConfig.Links",
        ],
        "a Pod has an address of its own, and a Service gives it a name",
    )
    .by_key(),
    row(
        Ignored,
        &["HostConfig.RestartPolicy"],
        "chainpod does not restart programs",
    )
    .unless(&["no"]),
    row(Ignored, &["HostConfig.LogConfig"], "the node keeps the Pod's log").unless(&["json-file"]),
    row(
        Ignored,
        &["HostConfig.Ulimits", "HostConfig.PidsLimit"],
        "the node's runtime sets these limits",
    ),
    row(
        Ignored,
        &[
            "HostConfig.MemoryReservation",
            "HostConfig.MemorySwap",
            "HostConfig.MemorySwappiness",
            "HostConfig.KernelMemory",
            "HostConfig.KernelMemoryTCP",
            "HostConfig.OomKillDisable",
            "HostConfig.OomScoreAdj",
        ],
        "a Pod has only a memory limit. Its node decides the rest",
    ),
    row(
        Ignored,
        &[
            "HostConfig.CpusetCpus",
            "HostConfig.CpusetMems",
            "HostConfig.CpuRealtimePeriod",
            "HostConfig.CpuRealtimeRuntime",
            "HostConfig.CpuCount",
            "HostConfig.CpuPercent",
        ],
        "a Pod has only a CPU limit and a CPU request",
    ),
    row(
        Ignored,
        &[
            "HostConfig.BlkioWeight",
            "HostConfig.BlkioWeightDevice",
            "HostConfig.BlkioDeviceReadBps",
            "HostConfig.BlkioDeviceWriteBps",
            "HostConfig.BlkioDeviceReadIOps",
            "HostConfig.BlkioDeviceWriteIOps",
            "HostConfig.IOMaximumIOps",
            "HostConfig.IOMaximumBandwidth",
            "HostConfig.StorageOpt",
        ],
        "a Pod has no such disk limits",
    ),
    row(
        Ignored,
        &["HostConfig.Tmpfs", "HostConfig.ShmSize"],
        "the Pod's files are on its node's disk",
    )
    .by_key(),
    row(
        Ignored,
        &["HostConfig.VolumeDriver"],
        "there are no Docker volumes",
    )
    .unless(&["local"]),
    row(
        Ignored,
        &["HostConfig.Annotations"],
        "chainpod's rules set annotations",
    ),
    row(
        Ignored,
        &["HostConfig.GroupAdd"],
        "set the group in `User` (`UID:GID`)",
    ),
    row(
        Ignored,
        &[
            "HostConfig.SecurityOpt",
            "HostConfig.MaskedPaths",
            "HostConfig.ReadonlyPaths",
            "HostConfig.Sysctls",
        ],
        "the namespace's Pod Security Standard decides this",
    )
    .unless(&["no-new-privileges", "no-new-privileges:true"]),
    row(
        Ignored,
        &[
            "HostConfig.Cgroup",
            "HostConfig.CgroupParent",
            "HostConfig.CgroupnsMode",
            "HostConfig.UTSMode",
            "HostConfig.UsernsMode",
            "HostConfig.Runtime",
            "HostConfig.Isolation",
        ],
        "the node's runtime decides this",
    )
    .unless(&["private", "host", "runc", "default"]),
    row(
        Refused,
        &["HostConfig.Binds", "HostConfig.Mounts", "HostConfig.VolumesFrom"],
        "Pods cannot mount host files; upload the files that the program needs",
    ),
    row(
        Refused,
        &["HostConfig.Privileged", "HostConfig.CapAdd"],
        "Pods get no extra privileges",
    ),
    row(
        Refused,
        &[
            "HostConfig.Devices",
            "HostConfig.DeviceCgroupRules",
            "HostConfig.DeviceRequests",
        ],
        "Pods get no host devices",
    ),
    row(
        Refused,
        &["HostConfig.PidMode", "HostConfig.IpcMode"],
        "a Pod sees only its own processes",
    )
    .unless(&["private", "shareable", "none"]),
];

/// Returns the fields with that fate that ask for something, each with its row of the table.
pub(super) fn asked<'a>(
    fate: Fate,
    prefix: &'static str,
    fields: &'a BTreeMap<String, Value>,
) -> impl Iterator<Item = (String, &'static Row)> + 'a {
    fields.iter().filter_map(move |(field, value)| {
        let name = format!("{prefix}{field}");
        let row = FIELDS.iter().find(|row| row.fields.contains(&name.as_str()))?;
        (row.fate == fate && row.is_asked_by(value)).then_some((name, row))
    })
}

/// Returns true for null, zero, Docker's -1, false, an empty string, a string of `nothing`, and a collection
/// of such values.
fn asks_nothing(value: &Value, nothing: &[&str]) -> bool {
    let all = |value: &Value| asks_nothing(value, nothing);
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(value) => value.as_i64().is_some_and(|value| value == 0 || value == -1),
        Value::String(text) => text.is_empty() || nothing.contains(&text.as_str()),
        Value::Array(values) => values.iter().all(all),
        Value::Object(values) => values.values().all(all),
    }
}

#[cfg(test)]
mod tests;
