//! The Pod of one start, translated from its plan: the image that the client named, the agent as its first
//! process, and all uploads as mounts.

use agent_protocol::{AGENT_DIR, AGENT_FILE};
use engine::container::Port;
use engine::launch::Launch;
use k8s_openapi::api::core::v1::{
    Capabilities, Container as PodContainer, ContainerPort, EnvVar, Pod, PodSpec, SeccompProfile,
    SecurityContext, VolumeMount,
};
use kube::api::ObjectMeta;
use rules::EnvValue;

use self::rule_fields::value;
use crate::agent_volume::AgentBy;
use crate::config::Config;
use crate::owner;
use crate::plan::said::SaidMap;
use crate::plan::{DROPPED_CAPABILITIES, GRACE_SECS, Plan, RESTART_POLICY, SECCOMP_PROFILE};

pub(crate) mod agent;
mod files;
mod mount;
mod rule_fields;
mod volumes;

/// Returns the Pod of `launch` by its plan.
pub(crate) fn build(launch: &Launch<'_>, plan: &Plan, config: &Config, agent_by: AgentBy) -> Pod {
    let record = launch.record;
    let texts = |said: &SaidMap<String>| {
        let entries = said.iter();
        let entries = entries.map(|(key, said)| (key.clone(), said.value.clone()));
        Some(entries.collect())
    };
    let metadata = ObjectMeta {
        name: Some(record.pod_name().0),
        namespace: Some(config.namespace.clone()),
        labels: texts(&plan.labels),
        annotations: texts(&plan.annotations),
        owner_references: Some(vec![owner::reference(record, true)]),
        ..ObjectMeta::default()
    };
    let (mut volumes, mut mounts) = volumes::of(launch, config, agent_by);
    let (ruled, mounted) = rule_fields::files(plan);
    volumes.extend(ruled);
    mounts.extend(mounted);
    let beside = agent::beside(launch, config, agent_by);
    let before = agent::before(launch, plan, config, agent_by);
    let mut spec = PodSpec {
        hostname: value(&plan.hostname),
        init_containers: Some(before).filter(|containers| !containers.is_empty()),
        dns_policy: value(&plan.dns_policy),
        dns_config: value(&plan.dns_config),
        host_aliases: value(&plan.host_aliases),
        containers: beside
            .into_iter()
            .chain([program(launch, plan, mounts)])
            .collect(),
        volumes: Some(volumes),
        restart_policy: Some(RESTART_POLICY.to_owned()),
        automount_service_account_token: Some(false),
        enable_service_links: Some(false),
        termination_grace_period_seconds: Some(GRACE_SECS),
        ..PodSpec::default()
    };
    rule_fields::placed(&mut spec, plan);
    let pod = Pod {
        metadata,
        spec: Some(spec),
        status: None,
    };
    files::mounted(rule_fields::merged(pod, plan), launch)
}

/// Returns the program's container.
fn program(launch: &Launch<'_>, plan: &Plan, mounts: Vec<VolumeMount>) -> PodContainer {
    let env = plan.env.iter().map(|(name, said)| variable(name, &said.value));
    let (command, args) = command(launch, plan);
    PodContainer {
        // The name is its role: other containers may be injected next to it, and status and log are read by
        // name.
        name: launch.record.container.role.name().to_owned(),
        image: Some(plan.image.value.clone()),
        image_pull_policy: Some(plan.pull_policy.value.name().to_owned()),
        command,
        args,
        env: Some(env.collect()),
        working_dir: value(&plan.working_dir),
        resources: Some(plan.resources.requirements()),
        security_context: Some(SecurityContext {
            read_only_root_filesystem: value(&plan.read_only_root),
            ..security_context(user(plan))
        }),
        volume_mounts: Some(mounts),
        ports: plan.ports.as_ref().map(|said| ports(&said.value)),
        tty: value(&plan.tty),
        ..PodContainer::default()
    }
}

/// Returns command and arguments: the agent, and the program that it runs. Without an agent they are the
/// client's, and the runtime adds what only the image knows.
fn command(launch: &Launch<'_>, plan: &Plan) -> (Option<Vec<String>>, Option<Vec<String>>) {
    let words = plan.command.as_ref();
    let words = words.map(|said| said.value.iter().map(|word| escaped(word)).collect());
    if launch.task.is_some() {
        let agent = format!("{AGENT_DIR}/{AGENT_FILE}");
        return (Some(vec![agent]), words);
    }
    match &launch.record.container.spec.entrypoint {
        Some(_) => (words, None),
        None => (None, words),
    }
}

fn variable(name: &str, value: &EnvValue) -> EnvVar {
    let (value, value_from) = match value {
        EnvValue::Text(text) => (Some(escaped(&text.0)), None),
        EnvValue::From(source) => (None, Some((**source).clone())),
    };
    EnvVar {
        name: name.to_owned(),
        value,
        value_from,
    }
}

/// Returns the ports at which the program listens.
fn ports(ports: &[Port]) -> Vec<ContainerPort> {
    let port = |port: &Port| ContainerPort {
        container_port: port.number.into(),
        protocol: Some(port.protocol.to_uppercase()),
        ..ContainerPort::default()
    };
    ports.iter().map(port).collect()
}

/// Escapes `$`: Kubernetes expands `$(NAME)` in arguments and values and reads `$$` as `$`. Docker does
/// neither.
fn escaped(text: &str) -> String {
    text.replace('$', "$$")
}

/// Returns the program's user and group.
fn user(plan: &Plan) -> (i64, Option<i64>) {
    (plan.user.value, value(&plan.group))
}

/// Returns the settings that the Pod Security Standard `restricted` requires. A request for user 0 gets 0,
/// and the namespace's policy decides.
fn security_context((uid, gid): (i64, Option<i64>)) -> SecurityContext {
    SecurityContext {
        run_as_non_root: Some(uid != 0),
        run_as_user: Some(uid),
        run_as_group: gid,
        allow_privilege_escalation: Some(false),
        capabilities: Some(Capabilities {
            drop: Some(vec![DROPPED_CAPABILITIES.to_owned()]),
            add: None,
        }),
        seccomp_profile: Some(SeccompProfile {
            type_: SECCOMP_PROFILE.to_owned(),
            localhost_profile: None,
        }),
        ..SecurityContext::default()
    }
}

#[cfg(test)]
mod tests;
