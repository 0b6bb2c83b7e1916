//! Mounts of a Pod's volumes.

use k8s_openapi::api::core::v1::VolumeMount;

/// A Secret's files belong to root, and the program is not root, so everyone may read them.
pub(super) const READABLE: u32 = 0o444;
/// Returns the name of the volume for the directory of that number.
pub(crate) fn volume_of_directory(index: usize) -> String {
    format!("dir-{index}")
}

/// Returns the mount of a volume that the container may write to.
pub(crate) fn mount(volume: &str, path: &str) -> VolumeMount {
    VolumeMount {
        name: volume.to_owned(),
        mount_path: path.to_owned(),
        ..VolumeMount::default()
    }
}

/// Returns the mount of a volume that the container only reads.
pub(crate) fn read_only(volume: &str, path: &str) -> VolumeMount {
    VolumeMount {
        read_only: Some(true),
        ..mount(volume, path)
    }
}
