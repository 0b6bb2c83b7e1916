//! A Pod's volumes and where they are mounted.

use std::collections::BTreeMap;

use agent_protocol::{HOME_DIR, TASK_DIR};
use engine::container::{FileEntry, Record, Upload};
use engine::process::Launch;
use k8s_openapi::api::core::v1::{EmptyDirVolumeSource, KeyToPath, SecretVolumeSource, Volume, VolumeMount};

use super::agent;
use crate::agent_volume::AgentBy;
use crate::cluster::Config;
use crate::files_secret;

/// A Secret's files are root's, and the program is not root: all may read.
const READABLE: u32 = 0o444;
/// Permission bits that a Secret's file can have.
const MODE_BITS: u32 = 0o777;

/// All volumes of `launch` and their mounts.
pub(super) fn of(launch: &Launch<'_>, config: &Config, agent_by: AgentBy) -> (Vec<Volume>, Vec<VolumeMount>) {
    if launch.task.is_none() {
        return (Vec::new(), Vec::new());
    }
    let mut volumes = vec![
        agent::volume(config, agent_by),
        task(launch.record),
        empty("home".to_owned()),
    ];
    let mut mounts = vec![
        agent::mount(),
        VolumeMount {
            read_only: Some(true),
            ..mount("task", TASK_DIR)
        },
        mount("home", HOME_DIR),
    ];
    for (index, directory) in launch.directories.iter().enumerate() {
        let name = self::directory(index);
        mounts.push(mount(&name, &directory.path));
        volumes.push(empty(name));
    }
    // A path has one mount; as in Docker the last upload of it wins.
    let mut files = BTreeMap::new();
    for upload in &launch.record.container.uploads {
        if let Upload::Files {
            number,
            files: entries,
        } = upload
        {
            let name = format!("files-{number}");
            for (index, file) in entries.iter().enumerate() {
                files.insert(&file.path, (name.clone(), files_secret::key(index)));
            }
            volumes.push(uploaded(launch.record, name, *number, entries));
        }
    }
    mounts.extend(files.into_iter().map(|(path, (name, key))| VolumeMount {
        sub_path: Some(key),
        read_only: Some(true),
        ..mount(&name, path)
    }));
    (volumes, mounts)
}

/// The volume of the directory of that number.
pub(super) fn directory(index: usize) -> String {
    format!("dir-{index}")
}

pub(super) fn mount(name: &str, path: &str) -> VolumeMount {
    VolumeMount {
        name: name.to_owned(),
        mount_path: path.to_owned(),
        ..VolumeMount::default()
    }
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

fn uploaded(record: &Record, name: String, number: u32, files: &[FileEntry]) -> Volume {
    let item = |(index, file): (usize, &FileEntry)| KeyToPath {
        key: files_secret::key(index),
        path: files_secret::key(index),
        mode: Some((file.mode & MODE_BITS | READABLE).cast_signed()),
    };
    let source = SecretVolumeSource {
        secret_name: Some(files_secret::name(record, number)),
        items: Some(files.iter().enumerate().map(item).collect()),
        ..SecretVolumeSource::default()
    };
    Volume {
        name,
        secret: Some(source),
        ..Volume::default()
    }
}
