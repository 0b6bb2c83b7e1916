//! The table of causes.

use serde_json::{Value, json};

use super::acts::{await_the_policy, delete, delete_by_force, evict, lose_the_secret};
use super::row::Row;

/// The limits of the namespace, so that rows can exceed them.
pub(crate) const LIMITS: &str = "
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: ResourceQuota
    metadata: {name: cores, namespace: NAMESPACE}
    spec: {hard: {requests.cpu: '50'}}
  - apiVersion: v1
    kind: LimitRange
    metadata: {name: sizes, namespace: NAMESPACE}
    spec:
      limits:
        - type: Container
          max: {memory: 512Mi}
          default: {memory: 512Mi, ephemeral-storage: 16Mi}
          defaultRequest: {ephemeral-storage: 1Mi}
";
/// The chaincode whose Pods another's policy gives what is not there.
pub(crate) const PATCHED: (&str, &str) = ("chainpod.dev/chaincode", "config");
pub(crate) const PATCH: &str =
    "[JSONPatch{op: 'add', path: '/spec/containers/0/envFrom', value: [{'secretRef': {'name': 'missing'}}]}]";
/// The chaincode whose Pods the webhook denies, and its words.
pub(crate) const DENIED: &str = "denied";
pub(crate) const DENIAL: &str = "no chaincode on Wednesdays";
/// A whole program for arm64 on Linux, as small as an ELF file can be: it exits with 0.
pub(crate) const PROGRAM_OF_ARM: &[u8] = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\
    \x02\0\xb7\0\x01\0\0\0\x78\0\x40\0\0\0\0\0\x40\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x40\0\x38\0\x01\0\0\0\0\0\0\0\
    \x01\0\0\0\x05\0\0\0\0\0\0\0\0\0\0\0\0\0\x40\0\0\0\0\0\0\0\x40\0\0\0\0\0\
    \x84\0\0\0\0\0\0\0\x84\0\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\
    \0\0\x80\xd2\xa8\x0b\x80\xd2\x01\0\0\xd4";

/// A core as Docker weighs it.
const CORE: i64 = 1024;

fn cores(count: i64) -> Value {
    json!({"CpuShares": count * CORE})
}

fn mib(count: i64) -> Value {
    json!({"Memory": count << 20})
}

/// All of them.
pub(crate) fn rows() -> Vec<Row> {
    [starts(), deaths(), ends()].into_iter().flatten().collect()
}

/// Returns the rows whose program never runs.
fn starts() -> Vec<Row> {
    vec![
        Row {
            image: "nobase",
            ..Row::new(
                "nobase",
                "ImagePullFailed",
                &[
                    "chaincode nobase of peer0 cannot run: pod dev-peer0-nobase-",
                    "cannot pull image hyperledger/fabric-baseos:9.9: ",
                    "check that the image exists and that the nodes can pull it (credentials: imagePullSecrets in chainpod's rules)",
                ],
            )
        },
        Row {
            host_config: || cores(20),
            ..Row::new(
                "large",
                "Unschedulable",
                &[
                    "chaincode large of peer0 cannot run: no node can run pod dev-peer0-large-",
                    "Insufficient cpu",
                    "add a node that fits, or lower resources.requests in chainpod's rules",
                ],
            )
        },
        Row {
            host_config: || cores(60),
            ..Row::new(
                "quota",
                "QuotaExceeded",
                &[
                    "chaincode quota of peer0 cannot run: pod dev-peer0-quota-",
                    "exceeded quota: cores, requested: requests.cpu=",
                    "raise the namespace's quota",
                ],
            )
        },
        Row {
            host_config: || mib(1024),
            ..Row::new(
                "range",
                "PodRefused",
                &[
                    "chaincode range of peer0 cannot run: pod dev-peer0-range-",
                    "maximum memory usage per Container is 512Mi, but limit is 1073741824",
                    "within the namespace's LimitRange",
                ],
            )
        },
        Row {
            user: "0",
            ..Row::new(
                "root",
                "PodRefused",
                &[
                    "chaincode root of peer0 cannot run: pod dev-peer0-root-",
                    "violates PodSecurity \"restricted:latest\"",
                    "set runAsUser in chainpod's rules to a user other than root",
                ],
            )
        },
        Row::new(
            DENIED,
            "PodRefused",
            &[
                "chaincode denied of peer0 cannot run: pod dev-peer0-denied-",
                "admission webhook \"causes.chainpod.test\" denied the request: no chaincode on Wednesdays",
                "ask the administrator of that webhook",
            ],
        ),
        Row {
            argv: &["nosuch"],
            code: 127,
            ..Row::new(
                "command",
                "CommandFailed",
                &[
                    "chaincode command of peer0 cannot run: pod dev-peer0-command-",
                    "exec: \"nosuch\": executable file not found in $PATH",
                    "check that the image contains this program",
                ],
            )
        },
        Row {
            // Without an agent: the runtime's word.
            image: "hyperledger/fabric-baseos:2.5",
            argv: &["nosuch"],
            code: 127,
            ..Row::new(
                "plain",
                "CommandFailed",
                &[
                    "chaincode plain of peer0 cannot run: pod dev-peer0-plain-",
                    "exec: \"nosuch\": executable file not found in $PATH",
                    "check that the image contains this program",
                ],
            )
        },
        Row {
            image: "arm",
            argv: &["program"],
            code: 126,
            ..Row::new(
                "arm",
                "CommandFailed",
                &[
                    "chaincode arm of peer0 cannot run: pod dev-peer0-arm-",
                    "exec: \"program\": exec format error",
                    "build it for the architecture of its node",
                ],
            )
        },
        Row {
            before: Some(lose_the_secret),
            ..Row::new(
                "secret",
                "PodBlocked",
                &[
                    "chaincode secret of peer0 cannot run: its node has not started pod dev-peer0-secret-",
                    "FailedMount: MountVolume.SetUp failed for volume \"files-0\" : secret ",
                    "not found; check that the objects that the pod refers to exist",
                ],
            )
        },
        Row {
            before: Some(await_the_policy),
            ..Row::new(
                PATCHED.1,
                "ContainerFailed",
                &[
                    "chaincode config of peer0 cannot run: pod dev-peer0-config-",
                    "CreateContainerConfigError: secret \"missing\" not found",
                    "check that the objects that the pod refers to exist, and that its node allows the pod",
                ],
            )
        },
        Row {
            argv: &["chaincode", "-peer.address=127.0.0.1:7052"],
            ..Row::new(
                "loopback",
                "PeerUnreachable",
                &[
                    "chaincode loopback of peer0 cannot reach its peer at 127.0.0.1:7052: in pod dev-peer0-loopback-",
                    "set CORE_PEER_CHAINCODEADDRESS of the peer",
                ],
            )
        },
    ]
}

/// Returns the rows whose program runs, and ends before it could have served.
fn deaths() -> Vec<Row> {
    let died = |name, says| Row {
        ran: true,
        ..Row::new(name, "DiedAtOnce", says)
    };
    vec![
        Row {
            argv: &[
                "/bin/sh",
                "-c",
                "echo config missing: DB_URL; exit 3",
                "-peer.address=peer0:7052",
            ],
            code: 3,
            ..died(
                "early",
                &[
                    "chaincode early of peer0 exited with code 3 right after its start in pod dev-peer0-early-",
                    "its last lines: config missing: DB_URL; install a corrected version",
                ],
            )
        },
        Row {
            argv: &[
                "/bin/sh",
                "-c",
                "echo name resolver error: produced zero addresses; exit 1",
                "-peer.address=peer0:7052",
            ],
            code: 1,
            ..died(
                "lookup",
                &[
                    "chaincode lookup of peer0 exited with code 1 right after its start in pod dev-peer0-lookup-",
                    "check that pods can resolve and reach its peer at peer0:7052; if they cannot, set CORE_PEER_CHAINCODEADDRESS",
                ],
            )
        },
        Row {
            // A shell's child, as npm has it.
            argv: &["/bin/sh", "-c", "tail /dev/zero", "-peer.address=peer0:7052"],
            host_config: || mib(64),
            code: 137,
            oom_killed: true,
            ..died(
                "oomearly",
                &[
                    "chaincode oomearly of peer0 was killed for lack of memory (limit 64 MiB) right after its start in pod ",
                    "raise HostConfig.Memory (peers: CORE_VM_DOCKER_HOSTCONFIG_MEMORY)",
                ],
            )
        },
    ]
}

/// Returns the rows whose program runs well and is then ended.
fn ends() -> Vec<Row> {
    vec![
        Row {
            argv: &["/bin/sh", "-c", "sleep 2; exec tail /dev/zero"],
            host_config: || mib(64),
            oom_killed: true,
            ..Row::new("oomlater", "OOMKilled", &[
                "chaincode oomlater of peer0 was killed for lack of memory (limit 64 MiB) in pod dev-peer0-oomlater-",
                "raise HostConfig.Memory",
            ])
        }
        .ended(137, |_, _| {}),
        Row::new("deleted", "PodDeleted", &[
            "chaincode deleted of peer0 exited with code 143 in pod dev-peer0-deleted-",
            ": it was deleted; the next transaction launches it again; find out who deletes chainpod's pods",
        ])
        .ended(143, delete),
        Row {
            // The object goes before the program.
            argv: &["/bin/sh", "-c", "trap '' TERM; while :; do sleep 1; done"],
            ..Row::new("forced", "PodDeleted", &[
                "chaincode forced of peer0 exited with code 137 in pod dev-peer0-forced-",
                ": it was deleted; ",
            ])
        }
        .ended(137, delete_by_force),
        Row::new("drained", "Evicted", &[
            "chaincode drained of peer0 exited with code 143 in pod dev-peer0-drained-",
            ": it was evicted: Eviction API: evicting; the next transaction launches it again",
        ])
        .ended(143, evict),
        Row {
            argv: &["/bin/sh", "-c", "head -c 64M /dev/zero >/tmp/full; exec sleep 600"],
            ..Row::new("disk", "Evicted", &[
                "chaincode disk of peer0 exited with code 143 in pod dev-peer0-disk-",
                ": it was evicted: ",
                "phemeral local storage usage exceeds the total limit of containers 16Mi; ",
                "if the pod exceeded a limit, raise that limit",
            ])
        }
        .ended(143, |_, _| {}),
    ]
}
