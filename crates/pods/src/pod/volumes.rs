//! A Pod's volumes and their mounts.

use agent_protocol::{AGENT_DIR, HOME_DIR, TASK_DIR};
use engine::container::Record;
use engine::launch::Launch;
use k8s_openapi::api::core::v1::{EmptyDirVolumeSource, SecretVolumeSource, Volume, VolumeMount};

use super::mount::{READABLE, mount, read_only, volume_of_directory};
use crate::agent::{self, AgentBy};
use crate::config::Config;
use crate::own_containers::AGENT;

/// Returns all volumes of `launch` and their mounts, except those of [`super::files`].
pub(super) fn of(launch: &Launch<'_>, config: &Config, agent_by: AgentBy) -> (Vec<Volume>, Vec<VolumeMount>) {
    if launch.task.is_none() {
        return (Vec::new(), Vec::new());
    }
    let mut volumes = vec![
        agent::containers::volume(config, agent_by),
        task(launch.record),
        empty("home".to_owned()),
    ];
    let mut mounts = vec![
        read_only(AGENT, AGENT_DIR),
        read_only("task", TASK_DIR),
        mount("home", HOME_DIR),
    ];
    for (index, directory) in launch.directories.iter().enumerate() {
        let name = volume_of_directory(index);
        mounts.push(mount(&name, &directory.path));
        volumes.push(empty(name));
    }
    (volumes, mounts)
}

fn empty(name: String) -> Volume {
    Volume {
        name,
        empty_dir: Some(EmptyDirVolumeSource::default()),
        ..Volume::default()
    }
}

fn task(record: &Record) -> Volume {
    let source = SecretVolumeSource {
        secret_name: Some(record.pod_name().0),
        default_mode: Some(READABLE.cast_signed()),
        ..SecretVolumeSource::default()
    };
    Volume {
        name: "task".to_owned(),
        secret: Some(source),
        ..Volume::default()
    }
}
