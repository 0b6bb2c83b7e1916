//! The table against Docker's own types.

use std::collections::BTreeSet;

use super::*;

/// The fields of `container.Config` and `container.HostConfig` of github.com/docker/docker v28.5.2 by their
/// JSON names, and the other fields of a request.
const DOCKERS: [(&str, &str); 2] = [
    (
        "",
        "Hostname Domainname User AttachStdin AttachStdout AttachStderr ExposedPorts Tty OpenStdin StdinOnce Env Cmd \
         Healthcheck ArgsEscaped Image Volumes WorkingDir Entrypoint NetworkDisabled MacAddress OnBuild Labels \
         StopSignal StopTimeout Shell NetworkingConfig",
    ),
    (
        "HostConfig.",
        "Binds ContainerIDFile LogConfig NetworkMode PortBindings RestartPolicy AutoRemove VolumeDriver VolumesFrom \
         ConsoleSize Annotations CapAdd CapDrop CgroupnsMode Dns DnsOptions DnsSearch ExtraHosts GroupAdd IpcMode \
         Cgroup Links OomScoreAdj PidMode Privileged PublishAllPorts ReadonlyRootfs SecurityOpt StorageOpt Tmpfs \
         UTSMode UsernsMode ShmSize Sysctls Runtime Isolation CpuShares Memory NanoCpus CgroupParent BlkioWeight \
         BlkioWeightDevice BlkioDeviceReadBps BlkioDeviceWriteBps BlkioDeviceReadIOps BlkioDeviceWriteIOps CpuPeriod \
         CpuQuota CpuRealtimePeriod CpuRealtimeRuntime CpusetCpus CpusetMems Devices DeviceCgroupRules DeviceRequests \
         KernelMemory KernelMemoryTCP MemoryReservation MemorySwap MemorySwappiness OomKillDisable PidsLimit Ulimits \
         CpuCount CpuPercent IOMaximumIOps IOMaximumBandwidth Mounts MaskedPaths ReadonlyPaths Init",
    ),
];

#[test]
fn every_field_of_dockers_is_decided_once() {
    let dockers = DOCKERS.iter().flat_map(|(prefix, fields)| {
        let fields = fields.split_whitespace();
        fields.map(move |field| format!("{prefix}{field}"))
    });
    let table: Vec<_> = FIELDS.iter().flat_map(|row| row.fields).collect();
    let as_set: BTreeSet<_> = table.iter().map(ToString::to_string).collect();
    assert_eq!(as_set, dockers.collect());
    assert_eq!(as_set.len(), table.len(), "a field is in two rows");
}

#[test]
fn what_stands_for_nothing_asks_nothing() {
    let read = |text: &str| -> Value { serde_json::from_str(text).unwrap() };
    for nothing in [
        "null",
        "0",
        "-1",
        "false",
        "\"\"",
        "[]",
        "[0,0]",
        r#"{"Name":"no"}"#,
    ] {
        assert!(asks_nothing(&read(nothing), &["no"]), "{nothing}");
    }
    for something in ["1", "true", "\"x\"", r#"{"Name":"always"}"#, "0.5"] {
        assert!(!asks_nothing(&read(something), &["no"]), "{something}");
    }
}

#[test]
fn a_key_may_ask_where_its_value_says_nothing() {
    let fields = |text: &str| -> BTreeMap<String, Value> { serde_json::from_str(text).unwrap() };
    let asked = |text: &str| asked(Ignored, "", &fields(text)).count();
    assert_eq!(asked(r#"{"Volumes": {"/data": {}}}"#), 1);
    assert_eq!(asked(r#"{"Volumes": {}}"#), 0);
    assert_eq!(
        asked(r#"{"NetworkingConfig": {"EndpointsConfig": {"default": {"Links": null}}}}"#),
        0
    );
}
