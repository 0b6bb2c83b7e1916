//! The agent in a Pod: a volume with chainpod's image, or an empty one into which
//! an init container of that image copies it.

use agent_protocol::{AGENT_DIR, AGENT_FILE, INSTALL_OPTION, KEEP_OPTION, KEPT_DIR};
use engine::container::Spec;
use engine::process::Launch;
use k8s_openapi::api::core::v1::{
    Container as PodContainer, EmptyDirVolumeSource, ImageVolumeSource, Pod, PodSpec, Volume, VolumeMount,
};
use kube::api::ObjectMeta;

use super::{PULL_POLICY, escaped, pull_policy, resources, security_context, volumes};
use crate::agent_volume::AgentBy;
use crate::cluster::Config;

/// The volume's name, and the init container's.
pub(crate) const AGENT: &str = "agent";
/// The init container that copies the image's files.
const KEEPER: &str = "keeper";

/// The volume that has the agent, or will have it.
pub(super) fn volume(config: &Config, agent_by: AgentBy) -> Volume {
    let by_image = agent_by == AgentBy::Mount;
    let image = by_image.then(|| ImageVolumeSource {
        reference: Some(config.agent_image.clone()),
        pull_policy: Some(PULL_POLICY.to_owned()),
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

/// What runs before the program's container: what copies the agent, where its volume is empty, and what
/// copies the image's files that volumes would hide.
pub(super) fn before(
    launch: &Launch<'_>,
    config: &Config,
    agent_by: AgentBy,
    user: (i64, Option<i64>),
) -> Vec<PodContainer> {
    if launch.task.is_none() {
        return Vec::new();
    }
    let kept = launch.directories.iter().any(|directory| directory.has_files);
    let installer = (agent_by == AgentBy::Copy).then(|| installer(config));
    installer
        .into_iter()
        .chain(kept.then(|| keeper(launch, user)))
        .collect()
}

fn installer(config: &Config) -> PodContainer {
    PodContainer {
        name: AGENT.to_owned(),
        image: Some(config.agent_image.clone()),
        image_pull_policy: Some(PULL_POLICY.to_owned()),
        command: Some(vec![
            format!("/{AGENT_FILE}"),
            INSTALL_OPTION.to_owned(),
            AGENT_DIR.to_owned(),
        ]),
        resources: Some(resources::of(&Spec::default())),
        security_context: Some(security_context((config.default_uid, None))),
        volume_mounts: Some(vec![VolumeMount {
            read_only: None,
            ..mount()
        }]),
        ..PodContainer::default()
    }
}

/// The agent in the program's own image.
fn keeper(launch: &Launch<'_>, user: (i64, Option<i64>)) -> PodContainer {
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
        image: Some(launch.image.clone()),
        image_pull_policy: Some(pull_policy(launch).to_owned()),
        command: Some(vec![format!("{AGENT_DIR}/{AGENT_FILE}"), KEEP_OPTION.to_owned()]),
        args: Some(pairs.map(|path| escaped(&path)).collect()),
        resources: Some(resources::of(&Spec::default())),
        security_context: Some(security_context(user)),
        volume_mounts: Some([mount()].into_iter().chain(mounts).collect()),
        ..PodContainer::default()
    }
}

/// A Pod with nothing but the agent, for a dry run.
pub(crate) fn probe(config: &Config, agent_by: AgentBy) -> Pod {
    let container = PodContainer {
        name: "probe".to_owned(),
        image: Some(config.agent_image.clone()),
        resources: Some(resources::of(&Spec::default())),
        security_context: Some(security_context((config.default_uid, None))),
        volume_mounts: Some(vec![mount()]),
        ..PodContainer::default()
    };
    let spec = PodSpec {
        init_containers: (agent_by == AgentBy::Copy).then(|| vec![installer(config)]),
        containers: vec![container],
        volumes: Some(vec![volume(config, agent_by)]),
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
