//! The body of `POST /containers/create`: the fields that chainpod uses.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub mod fields;

use self::fields::{Fate, asked};

/// A create request; `null` means the same as an absent field.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct CreateBody {
    /// The image's name.
    pub image: String,
    /// Variables as `NAME=VALUE`.
    pub env: Option<Vec<String>>,
    /// The command.
    pub cmd: Option<Words>,
    /// The entrypoint.
    pub entrypoint: Option<Words>,
    /// The working directory.
    pub working_dir: Option<String>,
    /// The user.
    pub user: Option<String>,
    /// Labels.
    pub labels: Option<BTreeMap<String, String>>,
    /// The host name that the program sees.
    pub hostname: Option<String>,
    /// The ports at which it listens, as `PORT/PROTOCOL`.
    pub exposed_ports: Option<BTreeMap<String, Value>>,
    /// True if the program has a terminal.
    pub tty: Option<bool>,
    /// The settings of the host.
    pub host_config: Option<HostConfig>,
    /// The fields that are read only to refuse them or to warn about them.
    #[serde(flatten)]
    pub others: BTreeMap<String, Value>,
}

/// Limits, and fields that are refused or ignored.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HostConfig {
    /// The memory limit in bytes; 0 means no limit.
    pub memory: Option<i64>,
    /// The CPU limit in billionths of a core; 0 means no limit.
    pub nano_cpus: Option<i64>,
    /// The CPU time in microseconds for each period; 0 means no limit.
    pub cpu_quota: Option<i64>,
    /// The period, in microseconds; 0 is Docker's 100 ms.
    pub cpu_period: Option<i64>,
    /// A weight: 1024 is one core; 0 is the default.
    pub cpu_shares: Option<i64>,
    /// True if the container is removed when it has ended.
    pub auto_remove: Option<bool>,
    /// Name servers.
    pub dns: Option<Vec<String>>,
    /// The domains in which names are searched.
    pub dns_search: Option<Vec<String>>,
    /// `NAME` or `NAME:VALUE`, as in resolv.conf.
    pub dns_options: Option<Vec<String>>,
    /// `NAME:ADDRESS`.
    pub extra_hosts: Option<Vec<String>>,
    /// True if the root filesystem is read-only.
    pub readonly_rootfs: Option<bool>,
    /// The fields that are read only to refuse them or to warn about them.
    #[serde(flatten)]
    pub others: BTreeMap<String, Value>,
}

/// A command: Docker accepts a string as a list of one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Words {
    /// One word.
    One(String),
    /// A list.
    Many(Vec<String>),
}

/// The answer to a create request.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Created {
    /// The container's id.
    pub id: String,
    /// A warning for each field that is set and not honoured.
    pub warnings: Vec<String>,
}

/// The prefix by which the table names the fields of [`HostConfig`].
const HOST_CONFIG: &str = "HostConfig.";

/// Docker's own period, in microseconds.
const CPU_PERIOD: i64 = 100_000;
/// Billionths in a whole.
const NANOS: i64 = 1_000_000_000;

impl HostConfig {
    /// Returns the limit in billionths of a core, from the field that sets it. 0 means no limit.
    #[must_use]
    pub fn cpu_limit_nanos(&self) -> i64 {
        let said = |value: Option<i64>| value.filter(|value| *value > 0);
        let of_quota = |quota: i64| {
            let period = said(self.cpu_period).unwrap_or(CPU_PERIOD);
            quota.saturating_mul(NANOS) / period
        };
        let limit = said(self.nano_cpus).or_else(|| said(self.cpu_quota).map(of_quota));
        limit.unwrap_or_default()
    }
}

impl CreateBody {
    /// Returns the reason to refuse the request, if there is one: one sentence for all such fields.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        let refused = self.asked(Fate::Refused);
        let sentences = refused.map(|(name, why)| format!("{name} is not supported: {why}"));
        let sentences: Vec<_> = sentences.collect();
        (!sentences.is_empty()).then(|| sentences.join("; "))
    }

    /// Returns a sentence for each field that is ignored.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let ignored = self.asked(Fate::Ignored);
        ignored
            .map(|(name, why)| format!("{name} is ignored: {why}"))
            .collect()
    }

    fn asked(&self, fate: Fate) -> impl Iterator<Item = (String, &'static str)> {
        let host = self.host_config.iter();
        let of_host = host.flat_map(move |host| asked(fate, HOST_CONFIG, &host.others));
        asked(fate, "", &self.others)
            .chain(of_host)
            .map(|(name, row)| (name, row.text))
    }
}

impl From<Words> for Vec<String> {
    fn from(words: Words) -> Self {
        match words {
            Words::One(word) => vec![word],
            Words::Many(words) => words,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_and_a_string_for_a_list_are_read() {
        let body: Result<CreateBody, _> = serde_json::from_str(
            r#"{"Image":"a","Entrypoint":"sh","Env":null,"HostConfig":{"Memory":5,"Binds":null}}"#,
        );
        let body = body.unwrap();
        assert_eq!(body.entrypoint, Some(Words::One("sh".to_owned())));
        assert_eq!(body.host_config.unwrap().memory, Some(5));
    }

    #[test]
    fn a_cpu_limit_is_said_in_two_ways() {
        let limit = |text: &str| {
            serde_json::from_str::<HostConfig>(text)
                .unwrap()
                .cpu_limit_nanos()
        };
        for (text, nanos) in [
            (r#"{"NanoCpus": 500000000}"#, 500_000_000),
            (r#"{"CpuQuota": 50000}"#, 500_000_000),
            (r#"{"CpuQuota": 20000, "CpuPeriod": 10000}"#, 2_000_000_000),
            (r#"{"CpuQuota": -1, "CpuPeriod": 0, "NanoCpus": 0}"#, 0),
        ] {
            assert_eq!(limit(text), nanos, "{text}");
        }
    }

    /// A request as a 2.5 peer sends it with Fabric's own core.yaml, and one with rights that no client may
    /// ask for.
    #[test]
    fn a_peers_defaults_are_no_question_and_rights_are_refused() {
        let read = |text: &str| serde_json::from_str::<CreateBody>(text).unwrap();
        let peer = read(
            r#"{"Domainname": "", "Volumes": null, "AttachStdout": true, "HostConfig": {
                "NetworkMode": "host", "ConsoleSize": [0, 0], "RestartPolicy": {}, "Memory": 2147483648,
                "MemorySwappiness": 0, "OomKillDisable": false, "Binds": null, "PidMode": "",
                "LogConfig": {"Type": "json-file", "Config": {"max-file": "5"}}}}"#,
        );
        assert_eq!(peer.refusal(), None);
        assert_eq!(
            peer.warnings(),
            ["HostConfig.LogConfig is ignored: the node keeps the Pod's log"]
        );
        let rights =
            read(r#"{"HostConfig": {"Privileged": true, "Devices": [{"PathOnHost": "/dev/fuse"}]}}"#);
        assert_eq!(
            rights.refusal().unwrap(),
            "HostConfig.Devices is not supported: Pods get no host devices; \
             HostConfig.Privileged is not supported: Pods get no extra privileges"
        );
    }
}
