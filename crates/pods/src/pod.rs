//! The Pod of one start: the image that the client named, the agent as its
//! first process, everything that was uploaded as mounts.

use agent_protocol::{AGENT_DIR, AGENT_FILE};
use engine::container::{Container, Port, Role, Spec};
use engine::image::PullPolicy;
use engine::launch::Launch;
use engine::name::PodName;
use engine::ports::AgentId;
use k8s_openapi::api::core::v1::{
    Capabilities, Container as PodContainer, ContainerPort, EnvVar, Pod, PodSpec, SeccompProfile,
    SecurityContext,
};

use rules::PodFields;

use crate::agent_volume::AgentBy;
use crate::cluster::Config;
use crate::{labels, owner};

pub(crate) mod agent;
pub(crate) mod dns;
mod fields;
mod files;
pub(crate) mod resources;
mod volumes;

pub(crate) use self::fields::announced;

/// Which of the container's starts a Pod is.
const START: &str = "chainpod.dev/start";
/// Docker's labels of the container, as JSON.
const DOCKER_LABELS: &str = "chainpod.dev/docker-labels";
/// Whose log and shell kubectl takes where it is not told: the program's, wherever it stands.
const DEFAULT_CONTAINER: &str = "kubectl.kubernetes.io/default-container";
/// More than that is on the record alone: Kubernetes allows 256 KiB for all annotations.
const LABELS_BYTES: usize = 64 * 1024;
/// The one user that every image has under the same number.
const ROOT: &str = "root";
/// Docker's own default for `docker stop`; deletions of ours say theirs.
const GRACE_SECS: i64 = 10;
/// An image that is there already is used: chaincode must start without a registry.
pub(crate) const PULL_POLICY: &str = "IfNotPresent";

/// A peer launches again by itself what has ended.
const RESTART_POLICY: &str = "Never";

/// The Pod of `launch`; `fields` are what the rules say.
pub(crate) fn build(launch: &Launch<'_>, config: &Config, agent_by: AgentBy, fields: &PodFields) -> Pod {
    let (volumes, mounts) = volumes::of(launch, config, agent_by);
    let user = user(launch, config, fields);
    let (record, process) = (launch.record, &launch.process);
    let spec = &record.container.spec;
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
    let (command, args) = command(launch);
    let container = PodContainer {
        // Its role: others may be injected beside it, and status and log are asked for by name.
        name: record.container.role.name().to_owned(),
        image: Some(launch.image.clone()),
        image_pull_policy: Some(pull_policy(launch).to_owned()),
        command,
        args,
        env: Some(env.collect()),
        working_dir: Some(process.working_dir.clone()).filter(|dir| !dir.is_empty()),
        resources: Some(resources::of(spec)),
        security_context: Some(SecurityContext {
            read_only_root_filesystem: spec.read_only_root.then_some(true),
            ..security_context(user)
        }),
        volume_mounts: Some(mounts),
        ports: ports(spec),
        tty: spec.tty.then_some(true),
        ..PodContainer::default()
    };
    let beside = agent::beside(launch, config, agent_by);
    let init_containers = agent::before(launch, config, agent_by, user);
    let names = &spec.names;
    let spec = PodSpec {
        hostname: Some(spec.hostname.clone()).filter(|name| !name.is_empty()),
        init_containers: Some(init_containers).filter(|containers| !containers.is_empty()),
        dns_policy: dns::policy(names),
        dns_config: dns::config(names),
        host_aliases: dns::aliases(names),
        containers: beside.into_iter().chain([container]).collect(),
        volumes: Some(volumes),
        restart_policy: Some(RESTART_POLICY.to_owned()),
        automount_service_account_token: Some(false),
        enable_service_links: Some(false),
        termination_grace_period_seconds: Some(GRACE_SECS),
        ..PodSpec::default()
    };
    let pod = Pod {
        metadata,
        spec: Some(spec),
        status: None,
    };
    let pod = fields::applied(pod, fields, launch.task.is_some());
    files::mounted(pod, launch)
}

/// When the program's image is pulled, in Kubernetes' words.
const fn pull_policy(launch: &Launch<'_>) -> &'static str {
    match launch.pull_policy {
        PullPolicy::IfNotPresent => PULL_POLICY,
        PullPolicy::Always => "Always",
        PullPolicy::Never => "Never",
    }
}

/// Command and arguments: the agent and what it runs; where there is none, what the client said, to which
/// the runtime adds what only the image knows.
fn command(launch: &Launch<'_>) -> (Option<Vec<String>>, Option<Vec<String>>) {
    let words = |words: &[String]| {
        let escaped = words.iter().map(|word| escaped(word));
        (!words.is_empty()).then(|| escaped.collect())
    };
    if launch.task.is_some() {
        let agent = format!("{AGENT_DIR}/{AGENT_FILE}");
        return (Some(vec![agent]), words(&launch.process.argv));
    }
    match &launch.record.container.spec.entrypoint {
        Some(_) => (words(&launch.process.argv), None),
        None => (None, words(&launch.process.argv)),
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

/// Where the program listens.
fn ports(spec: &Spec) -> Option<Vec<ContainerPort>> {
    let port = |port: &Port| ContainerPort {
        container_port: port.number.into(),
        protocol: Some(port.protocol.to_uppercase()),
        ..ContainerPort::default()
    };
    let ports: Vec<_> = spec.ports.iter().map(port).collect();
    (!ports.is_empty()).then_some(ports)
}

fn annotations(container: &Container) -> Vec<(String, String)> {
    let safe_to_evict = match container.role {
        Role::Build => "false",
        Role::Chaincode => "true",
    };
    [
        (START, container.starts.to_string().as_str()),
        (DEFAULT_CONTAINER, container.role.name()),
        ("cluster-autoscaler.kubernetes.io/safe-to-evict", safe_to_evict),
        ("sidecar.istio.io/inject", "false"),
        ("linkerd.io/inject", "disabled"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into_iter()
    .chain(docker_labels(container))
    .collect()
}

/// Docker's labels for those who look at the Pod: their keys and values are not Kubernetes'.
fn docker_labels(container: &Container) -> Option<(String, String)> {
    let labels = container.docker_labels();
    let text = serde_json::to_string(&labels).unwrap_or_default();
    (!labels.is_empty() && text.len() <= LABELS_BYTES).then(|| (DOCKER_LABELS.to_owned(), text))
}

/// Kubernetes expands `$(NAME)` in arguments and values and reads `$$` as `$`; Docker does neither.
fn escaped(text: &str) -> String {
    text.replace('$', "$$")
}

/// Who runs the program: user and group. The operator's word counts more than the client's; a user's name cannot be
/// looked up in an image that we do not read.
fn user(launch: &Launch<'_>, config: &Config, fields: &PodFields) -> (i64, Option<i64>) {
    let said = &launch.process.user;
    let (uid, gid) = said.split_once(':').unwrap_or((said, ""));
    let number = |name: &str| if name == ROOT { Some(0) } else { name.parse().ok() };
    match fields.run_as_user {
        Some(uid) => (uid, None),
        None => (number(uid).unwrap_or(config.default_uid), number(gid)),
    }
}

/// What the Pod Security Standard `restricted` asks for. A user who says 0 gets 0, and the
/// namespace decides.
fn security_context((uid, gid): (i64, Option<i64>)) -> SecurityContext {
    SecurityContext {
        run_as_non_root: Some(uid != 0),
        run_as_user: Some(uid),
        run_as_group: gid,
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
