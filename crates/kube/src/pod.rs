//! The Pod of one start: the image that the client named, the agent as its
//! first process, everything that was uploaded as mounts.

use std::collections::BTreeMap;

use agent_protocol::{AGENT_DIR, AGENT_FILE};
use engine::container::{Container, Role};
use engine::name::PodName;
use engine::ports::AgentId;
use engine::process::Launch;
use k8s_openapi::api::core::v1::{
    Capabilities, Container as PodContainer, EnvVar, Pod, PodSpec, ResourceRequirements, SeccompProfile,
    SecurityContext,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use crate::cluster::Config;
use crate::{labels, owner};

mod volumes;

/// Which of the container's starts a Pod is.
const START: &str = "chainpod.dev/start";
/// Docker's own default for `docker stop`; deletions of ours say theirs.
const GRACE_SECS: i64 = 10;
/// A Pod that requests nothing is evicted first; it must be small enough for any node.
const REQUEST_MILLI_CPUS: i64 = 10;
/// As [`REQUEST_MILLI_CPUS`], for memory.
const REQUEST_MEMORY_BYTES: i64 = 32 * 1024 * 1024;
/// Billionths in a thousandth of a core.
const NANOS_PER_MILLI: i64 = 1_000_000;
/// An image that is there already is used: chaincode must start without a registry.
const PULL_POLICY: &str = "IfNotPresent";

/// The Pod of `launch`.
pub(crate) fn build(launch: &Launch<'_>, config: &Config) -> Pod {
    let (volumes, mounts) = volumes::of(launch, &config.agent_image);
    let (record, process) = (launch.record, &launch.process);
    let mut metadata = labels::metadata(record.pod_name().0, &config.namespace, &record.container);
    metadata.owner_references = Some(vec![owner::reference(record, true)]);
    metadata
        .annotations
        .get_or_insert_default()
        .extend(annotations(&record.container));
    let env = process.env.iter().map(|(name, value)| EnvVar {
        name: name.clone(),
        value: Some(escaped(value)),
        ..EnvVar::default()
    });
    let container = PodContainer {
        // Its role: others may be injected beside it, and status and log are asked for by name.
        name: labels::role(record.container.role).to_owned(),
        image: Some(record.container.image.reference.clone()),
        image_pull_policy: Some(PULL_POLICY.to_owned()),
        command: Some(vec![format!("{AGENT_DIR}/{AGENT_FILE}")]),
        args: Some(process.argv.iter().map(|arg| escaped(arg)).collect()),
        env: Some(env.collect()),
        working_dir: Some(process.working_dir.clone()).filter(|dir| !dir.is_empty()),
        resources: Some(resources(&record.container)),
        security_context: Some(security_context(&process.user, config.default_uid)),
        volume_mounts: Some(mounts),
        ..PodContainer::default()
    };
    let spec = PodSpec {
        containers: vec![container],
        volumes: Some(volumes),
        restart_policy: Some("Never".to_owned()),
        automount_service_account_token: Some(false),
        enable_service_links: Some(false),
        termination_grace_period_seconds: Some(GRACE_SECS),
        ..PodSpec::default()
    };
    Pod {
        metadata,
        spec: Some(spec),
        status: None,
    }
}

/// The name of our own container in `pod`.
pub(crate) fn own_container(pod: &Pod) -> Option<&str> {
    pod.metadata
        .labels
        .as_ref()?
        .get(labels::ROLE)
        .map(String::as_str)
}

/// Whose Pod this is, and its name; none where it is not one of ours.
pub(crate) fn identity(pod: &Pod) -> Option<(AgentId, PodName)> {
    let (record, uid) = owner::controller(&pod.metadata)?;
    let start = pod.metadata.annotations.as_ref()?.get(START)?.parse().ok()?;
    Some((
        AgentId {
            record,
            uid: uid.to_owned(),
            start,
        },
        PodName(pod.metadata.name.clone()?),
    ))
}

fn annotations(container: &Container) -> [(String, String); 4] {
    let safe_to_evict = match container.role {
        Role::Build => "false",
        Role::Chaincode => "true",
    };
    [
        (START, container.starts.to_string().as_str()),
        ("cluster-autoscaler.kubernetes.io/safe-to-evict", safe_to_evict),
        ("sidecar.istio.io/inject", "false"),
        ("linkerd.io/inject", "disabled"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
}

/// Kubernetes expands `$(NAME)` in arguments and values and reads `$$` as `$`; Docker does neither.
fn escaped(text: &str) -> String {
    text.replace('$', "$$")
}

/// Limits are the client's; a request is never above its limit.
fn resources(container: &Container) -> ResourceRequirements {
    let spec = &container.spec;
    let limit = |value: i64| (value > 0).then_some(value);
    let (cpu, memory) = (limit(spec.nano_cpus), limit(spec.memory_bytes));
    let quantities = |cpu: Option<i64>, memory: Option<i64>| -> BTreeMap<String, Quantity> {
        let cpu = cpu.map(|nanos| ("cpu".to_owned(), Quantity(format!("{nanos}n"))));
        let memory = memory.map(|bytes| ("memory".to_owned(), Quantity(bytes.to_string())));
        cpu.into_iter().chain(memory).collect()
    };
    let at_most = |value: i64, limit: Option<i64>| Some(limit.map_or(value, |limit| value.min(limit)));
    ResourceRequirements {
        requests: Some(quantities(
            at_most(REQUEST_MILLI_CPUS * NANOS_PER_MILLI, cpu),
            at_most(REQUEST_MEMORY_BYTES, memory),
        )),
        limits: Some(quantities(cpu, memory)).filter(|limits| !limits.is_empty()),
        ..ResourceRequirements::default()
    }
}

/// What the Pod Security Standard `restricted` asks for. A user who says 0 gets 0, and the
/// namespace decides; a user's name cannot be looked up in an image that we do not read.
fn security_context(user: &str, default_uid: i64) -> SecurityContext {
    let (uid, gid) = user.split_once(':').unwrap_or((user, ""));
    let uid = uid.parse().unwrap_or(default_uid);
    SecurityContext {
        run_as_non_root: Some(uid != 0),
        run_as_user: Some(uid),
        run_as_group: gid.parse().ok(),
        allow_privilege_escalation: Some(false),
        capabilities: Some(Capabilities {
            drop: Some(vec!["ALL".to_owned()]),
            add: None,
        }),
        seccomp_profile: Some(SeccompProfile {
            type_: "RuntimeDefault".to_owned(),
            localhost_profile: None,
        }),
        ..SecurityContext::default()
    }
}

#[cfg(test)]
mod tests;
