//! Uploaded plain files in a Pod: one volume for each directory that has only such files. Every other file
//! is mounted on its own, for which the kubelet runs `mount` twice while the launch waits.

use std::collections::BTreeMap;
use std::path::Path;

use engine::container::{Record, Upload};
use engine::launch::Launch;
use k8s_openapi::api::core::v1::{
    KeyToPath, Pod, ProjectedVolumeSource, SecretProjection, Volume, VolumeMount, VolumeProjection,
};

use super::mount::{READABLE, read_only};
use crate::files_secret;
use crate::own_containers::program_mut;

/// Permission bits that a Secret's file can have.
const MODE_BITS: u32 = 0o777;

/// The place of a file's content, and its mode.
struct File {
    secret: String,
    key: String,
    mode: u32,
}

/// Returns `pod` with the files of `launch`. It comes last, because it depends on the other mounts.
pub(super) fn mounted(mut pod: Pod, launch: &Launch<'_>) -> Pod {
    let Some(program) = program_mut(&mut pod) else {
        return pod;
    };
    let mounts = program.volume_mounts.get_or_insert_default();
    let files = files(launch.record);
    let (mut alone, mut others) = (BTreeMap::<_, Vec<_>>::new(), Vec::new());
    for (&path, file) in &files {
        let (directory, name) = path.rsplit_once('/').unwrap_or_default();
        if !launch.may_hide(directory) && is_theirs(directory, &files, mounts) {
            alone.entry(directory).or_default().push(file.projected(name));
        } else {
            others.push((path, file));
        }
    }
    let mut volumes = Vec::new();
    for (index, (directory, files)) in alone.into_iter().enumerate() {
        let name = format!("files-{index}");
        mounts.push(mount(&name, directory, None));
        volumes.push(volume(name, files));
    }
    if !others.is_empty() {
        let files = others.iter().enumerate();
        let (of_each, files) = files
            .map(|(index, (path, file))| {
                let name = files_secret::key(index);
                (mount("files", path, Some(name.clone())), file.projected(&name))
            })
            .unzip::<_, _, Vec<_>, _>();
        mounts.extend(of_each);
        volumes.push(volume("files".to_owned(), files));
    }
    let spec = pod.spec.get_or_insert_default();
    spec.volumes.get_or_insert_default().extend(volumes);
    pod
}

/// Returns all files by their path. As in Docker, the last upload of a path wins.
fn files(record: &Record) -> BTreeMap<&str, File> {
    let mut all = BTreeMap::new();
    for upload in &record.container.uploads {
        if let Upload::Files { number, files } = upload {
            all.extend(files.iter().enumerate().map(|(index, file)| {
                let at = File {
                    secret: files_secret::name(record, *number),
                    key: files_secret::key(index),
                    mode: file.mode & MODE_BITS | READABLE,
                };
                (file.path.as_str(), at)
            }));
        }
    }
    all
}

/// Returns true if only such files are mounted in that directory, and none of them deeper in it.
fn is_theirs(directory: &str, files: &BTreeMap<&str, File>, mounts: &[VolumeMount]) -> bool {
    let mounts = mounts.iter().map(|mount| Path::new(&mount.mount_path));
    let mut deeper = files
        .keys()
        .map(Path::new)
        .filter(|path| path.parent() != Some(Path::new(directory)));
    !mounts.chain(&mut deeper).any(|path| path.starts_with(directory))
}

impl File {
    /// Returns the projection of the file under that name in a volume.
    fn projected(&self, name: &str) -> VolumeProjection {
        let item = KeyToPath {
            key: self.key.clone(),
            path: name.to_owned(),
            mode: Some(self.mode.cast_signed()),
        };
        VolumeProjection {
            secret: Some(SecretProjection {
                name: self.secret.clone(),
                items: Some(vec![item]),
                optional: None,
            }),
            ..VolumeProjection::default()
        }
    }
}

fn volume(name: String, files: Vec<VolumeProjection>) -> Volume {
    Volume {
        name,
        projected: Some(ProjectedVolumeSource {
            sources: Some(files),
            ..ProjectedVolumeSource::default()
        }),
        ..Volume::default()
    }
}

fn mount(volume: &str, path: &str, sub_path: Option<String>) -> VolumeMount {
    VolumeMount {
        sub_path,
        ..read_only(volume, path)
    }
}
