//! The agent in a Pod: a volume with chainpod's image, or an empty volume into which a container of that
//! image copies the agent.
//!
//! The kubelet notices the end of an init container once a second, and the program's container would wait
//! for that. But containers start in their order, and each waits for the `postStart` hook of the one before.
//! So the hook of the first container copies the agent.

use agent_protocol::{AGENT_DIR, AGENT_FILE, AgentOption, KEPT_DIR};
use engine::launch::Launch;
use k8s_openapi::api::core::v1::{
    Container as PodContainer, EmptyDirVolumeSource, ExecAction, ImageVolumeSource, Lifecycle,
    LifecycleHandler, Pod, PodSpec, Volume,
};
use kube::api::ObjectMeta;

use super::AgentBy;
use crate::config::Config;
use crate::own_containers::{AGENT, KEEPER};
use crate::plan::{PULL_POLICY, Plan, RESTART_POLICY, resources};
use crate::pod::mount::{mount, read_only, volume_of_directory};
use crate::pod::program::escaped;
use crate::pod::security::{security_context, user};

/// Returns the volume that contains the agent, or will contain it.
pub(crate) fn volume(config: &Config, agent_by: AgentBy) -> Volume {
    let by_image = agent_by == AgentBy::Mount;
    let image = by_image.then(|| ImageVolumeSource {
        reference: Some(config.agent_image.clone()),
        pull_policy: Some(PULL_POLICY.name().to_owned()),
    });
    Volume {
        name: AGENT.to_owned(),
        image,
        empty_dir: (!by_image).then(EmptyDirVolumeSource::default),
        ..Volume::default()
    }
}

/// Returns the init containers for Pods whose volumes would hide files of the image: one installs the agent
/// if it is not mounted, and the next uses it to copy the files.
pub(crate) fn before(
    launch: &Launch<'_>,
    plan: &Plan,
    config: &Config,
    agent_by: AgentBy,
) -> Vec<PodContainer> {
    if launch.task.is_none() || !hides_files(launch) {
        return Vec::new();
    }
    let installer = (agent_by == AgentBy::Copy).then(|| PodContainer {
        command: Some(agent(AgentOption::Install, &[AGENT_DIR])),
        ..installer(config)
    });
    installer.into_iter().chain([keeper(launch, plan)]).collect()
}

/// Returns the container that runs next to the program's and starts first: it copies the agent, unless an
/// init container has done so or its image is mounted.
pub(crate) fn beside(launch: &Launch<'_>, config: &Config, agent_by: AgentBy) -> Option<PodContainer> {
    let copies = launch.task.is_some() && agent_by == AgentBy::Copy && !hides_files(launch);
    copies.then(|| staying(config))
}

fn hides_files(launch: &Launch<'_>) -> bool {
    launch.directories.iter().any(|directory| directory.has_files)
}

fn staying(config: &Config) -> PodContainer {
    let hook = LifecycleHandler {
        exec: Some(ExecAction {
            command: Some(agent(AgentOption::Install, &[AGENT_DIR])),
        }),
        ..LifecycleHandler::default()
    };
    PodContainer {
        command: Some(agent(AgentOption::Stay, &[AGENT_DIR])),
        lifecycle: Some(Lifecycle {
            post_start: Some(hook),
            ..Lifecycle::default()
        }),
        ..installer(config)
    }
}

/// Returns the command of the agent in its own image, with that option and its arguments.
fn agent(option: AgentOption, arguments: &[&str]) -> Vec<String> {
    let command = [format!("/{AGENT_FILE}"), option.name().to_owned()];
    let arguments = arguments.iter().map(|&argument| argument.to_owned());
    command.into_iter().chain(arguments).collect()
}

fn installer(config: &Config) -> PodContainer {
    PodContainer {
        name: AGENT.to_owned(),
        image: Some(config.agent_image.clone()),
        image_pull_policy: Some(PULL_POLICY.name().to_owned()),
        resources: Some(resources::of_ours()),
        security_context: Some(security_context((config.default_uid, None))),
        volume_mounts: Some(vec![mount(AGENT, AGENT_DIR)]),
        ..PodContainer::default()
    }
}

/// Returns the container that runs the agent in the program's own image.
fn keeper(launch: &Launch<'_>, plan: &Plan) -> PodContainer {
    let directories = launch.directories.iter().enumerate();
    let kept = directories.filter(|(_, directory)| directory.has_files);
    let kept: Vec<_> = kept
        .map(|(index, directory)| {
            let name = volume_of_directory(index);
            let at = format!("{KEPT_DIR}/{name}");
            (directory.path.clone(), at, name)
        })
        .collect();
    let pairs = kept.iter().flat_map(|(from, to, _)| [from.clone(), to.clone()]);
    let mounts = kept.iter().map(|(_, to, name)| mount(name, to));
    PodContainer {
        name: KEEPER.to_owned(),
        image: Some(plan.image.value.clone()),
        image_pull_policy: Some(plan.pull_policy.value.name().to_owned()),
        command: Some(vec![
            format!("{AGENT_DIR}/{AGENT_FILE}"),
            AgentOption::Keep.name().to_owned(),
        ]),
        args: Some(pairs.map(|path| escaped(&path)).collect()),
        resources: Some(resources::of_ours()),
        security_context: Some(security_context(user(plan))),
        volume_mounts: Some([read_only(AGENT, AGENT_DIR)].into_iter().chain(mounts).collect()),
        ..PodContainer::default()
    }
}

/// Returns a Pod that runs nothing but the agent, with that option.
pub(crate) fn alone(config: &Config, option: AgentOption) -> Pod {
    let container = PodContainer {
        command: Some(agent(option, &[])),
        volume_mounts: None,
        ..installer(config)
    };
    let spec = PodSpec {
        containers: vec![container],
        restart_policy: Some(RESTART_POLICY.to_owned()),
        automount_service_account_token: Some(false),
        ..PodSpec::default()
    };
    Pod {
        metadata: ObjectMeta {
            generate_name: Some("chainpod-probe-".to_owned()),
            namespace: Some(config.namespace.clone()),
            ..ObjectMeta::default()
        },
        spec: Some(spec),
        status: None,
    }
}

#[cfg(test)]
mod tests;
