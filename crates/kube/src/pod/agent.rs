//! The agent in a Pod: a volume with chainpod's image, or an empty one into which
//! an init container of that image copies it.

use agent_protocol::{AGENT_DIR, AGENT_FILE, INSTALL_OPTION};
use engine::container::Spec;
use k8s_openapi::api::core::v1::{
    Container as PodContainer, EmptyDirVolumeSource, ImageVolumeSource, Pod, PodSpec, Volume, VolumeMount,
};
use kube::api::ObjectMeta;

use super::{PULL_POLICY, resources, security_context};
use crate::agent_volume::AgentBy;
use crate::cluster::Config;

/// The volume's name, and the init container's.
pub(crate) const AGENT: &str = "agent";

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

/// The init containers: one, where the volume is empty.
pub(super) fn installers(config: &Config, agent_by: AgentBy) -> Option<Vec<PodContainer>> {
    let installer = || PodContainer {
        name: AGENT.to_owned(),
        image: Some(config.agent_image.clone()),
        image_pull_policy: Some(PULL_POLICY.to_owned()),
        command: Some(vec![
            format!("/{AGENT_FILE}"),
            INSTALL_OPTION.to_owned(),
            AGENT_DIR.to_owned(),
        ]),
        resources: Some(resources::of(&Spec::default())),
        security_context: Some(security_context("", config.default_uid)),
        volume_mounts: Some(vec![VolumeMount {
            read_only: None,
            ..mount()
        }]),
        ..PodContainer::default()
    };
    (agent_by == AgentBy::Copy).then(|| vec![installer()])
}

/// A Pod with nothing but the agent, for a dry run.
pub(crate) fn probe(config: &Config, agent_by: AgentBy) -> Pod {
    let container = PodContainer {
        name: "probe".to_owned(),
        image: Some(config.agent_image.clone()),
        resources: Some(resources::of(&Spec::default())),
        security_context: Some(security_context("", config.default_uid)),
        volume_mounts: Some(vec![mount()]),
        ..PodContainer::default()
    };
    let spec = PodSpec {
        init_containers: installers(config, agent_by),
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
