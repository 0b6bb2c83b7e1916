//! The agent in a Pod: a volume with chainpod's image, or an empty one into which
//! a container of that image copies it.
//!
//! The kubelet sees the end of an init container once a second, and the program's
//! would wait for that. Containers start in their order, though, and each waits for the
//! `postStart` hook of the one before: so the first one's hook copies the agent.

use agent_protocol::{AGENT_DIR, AGENT_FILE, INSTALL_OPTION, KEEP_OPTION, KEPT_DIR, STAY_OPTION};
use engine::launch::Launch;
use k8s_openapi::api::core::v1::{
    Container as PodContainer, EmptyDirVolumeSource, ExecAction, ImageVolumeSource, Lifecycle,
    LifecycleHandler, Pod, PodSpec, Volume, VolumeMount,
};
use kube::api::ObjectMeta;

use super::{escaped, security_context, user, volumes};
use crate::agent_volume::AgentBy;
use crate::cluster::Config;
use crate::plan::{PULL_POLICY, Plan, resources};

/// The volume's name, and that of the container that copies the agent into it.
pub(crate) const AGENT: &str = "agent";
/// The init container that copies the image's files.
pub(crate) const KEEPER: &str = "keeper";

/// The volume that has the agent, or will have it.
pub(super) fn volume(config: &Config, agent_by: AgentBy) -> Volume {
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

/// Where the program's container has it.
pub(super) fn mount() -> VolumeMount {
    VolumeMount {
        name: AGENT.to_owned(),
        mount_path: AGENT_DIR.to_owned(),
        read_only: Some(true),
        ..VolumeMount::default()
    }
}

/// What runs before the program's container where volumes would hide files of its image: what copies them,
/// and before that what copies the agent, which does it.
pub(super) fn before(
    launch: &Launch<'_>,
    plan: &Plan,
    config: &Config,
    agent_by: AgentBy,
) -> Vec<PodContainer> {
    if launch.task.is_none() || !hides_files(launch) {
        return Vec::new();
    }
    let installer = (agent_by == AgentBy::Copy).then(|| PodContainer {
        command: Some(agent(&[INSTALL_OPTION, AGENT_DIR])),
        ..installer(config)
    });
    installer.into_iter().chain([keeper(launch, plan)]).collect()
}

/// What runs beside the program's container, and starts first: what copies the agent where nothing has before.
pub(super) fn beside(launch: &Launch<'_>, config: &Config, agent_by: AgentBy) -> Option<PodContainer> {
    let copies = launch.task.is_some() && agent_by == AgentBy::Copy && !hides_files(launch);
    copies.then(|| staying(config))
}

fn hides_files(launch: &Launch<'_>) -> bool {
    launch.directories.iter().any(|directory| directory.has_files)
}

fn staying(config: &Config) -> PodContainer {
    let hook = LifecycleHandler {
        exec: Some(ExecAction {
            command: Some(agent(&[INSTALL_OPTION, AGENT_DIR])),
        }),
        ..LifecycleHandler::default()
    };
    PodContainer {
        command: Some(agent(&[STAY_OPTION, AGENT_DIR])),
        lifecycle: Some(Lifecycle {
            post_start: Some(hook),
            ..Lifecycle::default()
        }),
        ..installer(config)
    }
}

/// The agent of its own image, with these arguments.
fn agent(arguments: &[&str]) -> Vec<String> {
    let file = format!("/{AGENT_FILE}");
    let arguments = arguments.iter().map(|&argument| argument.to_owned());
    [file].into_iter().chain(arguments).collect()
}

fn installer(config: &Config) -> PodContainer {
    PodContainer {
        name: AGENT.to_owned(),
        image: Some(config.agent_image.clone()),
        image_pull_policy: Some(PULL_POLICY.name().to_owned()),
        resources: Some(resources::of_ours()),
        security_context: Some(security_context((config.default_uid, None))),
        volume_mounts: Some(vec![VolumeMount {
            read_only: None,
            ..mount()
        }]),
        ..PodContainer::default()
    }
}

/// The agent in the program's own image.
fn keeper(launch: &Launch<'_>, plan: &Plan) -> PodContainer {
    let directories = launch.directories.iter().enumerate();
    let kept = directories.filter(|(_, directory)| directory.has_files);
    let kept: Vec<_> = kept
        .map(|(index, directory)| {
            let name = volumes::directory(index);
            let at = format!("{KEPT_DIR}/{name}");
            (directory.path.clone(), at, name)
        })
        .collect();
    let pairs = kept.iter().flat_map(|(from, to, _)| [from.clone(), to.clone()]);
    let mounts = kept.iter().map(|(_, to, name)| volumes::mount(name, to));
    PodContainer {
        name: KEEPER.to_owned(),
        image: Some(plan.image.value.clone()),
        image_pull_policy: Some(plan.pull_policy.value.name().to_owned()),
        command: Some(vec![format!("{AGENT_DIR}/{AGENT_FILE}"), KEEP_OPTION.to_owned()]),
        args: Some(pairs.map(|path| escaped(&path)).collect()),
        resources: Some(resources::of_ours()),
        security_context: Some(security_context(user(plan))),
        volume_mounts: Some([mount()].into_iter().chain(mounts).collect()),
        ..PodContainer::default()
    }
}

/// A Pod that runs nothing but the agent, with these arguments.
pub(crate) fn alone(config: &Config, arguments: &[&str]) -> Pod {
    let container = PodContainer {
        command: Some(agent(arguments)),
        volume_mounts: None,
        ..installer(config)
    };
    let spec = PodSpec {
        containers: vec![container],
        restart_policy: Some(super::RESTART_POLICY.to_owned()),
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
