//! The program's container.

use agent_protocol::{AGENT_DIR, AGENT_FILE};
use engine::container::Port;
use engine::launch::Launch;
use k8s_openapi::api::core::v1::{
    Container as PodContainer, ContainerPort, EnvVar, SecurityContext, VolumeMount,
};
use rules::EnvValue;

use super::rule_fields::value;
use super::security::{security_context, user};
use crate::plan::Plan;

/// Returns the program's container.
pub(super) fn container(launch: &Launch<'_>, plan: &Plan, mounts: Vec<VolumeMount>) -> PodContainer {
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
pub(crate) fn escaped(text: &str) -> String {
    text.replace('$', "$$")
}
