//! The data from which a container's Pod is made: the program, the image, the task of the Pod's agent, and
//! the directories that need a volume.

use std::collections::BTreeSet;

use agent_protocol::{Task, VERSION};
use image_name::ImageName;

use crate::container::{Record, Role, Upload};
use crate::image::{PullPolicy, Ruled};
use crate::process::Process;

/// The directory for the input of a build container (Fabric: `core/chaincode/platforms/util`).
const BUILD_INPUT: &str = "/chaincode/input";
/// The directory for the files with which chaincode reaches its peer (Fabric:
/// `core/container/dockercontroller`).
const FABRIC_FILES: &str = "/etc/hyperledger/fabric";
/// The images in which chaincode runs, each with a directory that has none of the image's files, so that
/// files there hide nothing: for Go, for Node.js (1.4 and 2.x), and for Java.
const FABRIC_IMAGES: [(&str, &str); 4] = [
    ("fabric-baseos", "/usr/local/bin"),
    ("fabric-baseimage", "/usr/local/src"),
    ("fabric-nodeenv", "/usr/local/src"),
    ("fabric-javaenv", "/root/chaincode-java/chaincode"),
];
/// The maximum number of mounted directories. It is far more than a Dockerfile names, and the kubelet still
/// mounts them fast.
const DIRECTORIES: usize = 64;
/// The directory for the output of a build container (Fabric: `core/chaincode/platforms/util`).
pub const BUILD_OUTPUT: &str = "/chaincode/output";

/// The data that one start needs to become a Pod.
pub struct Launch<'a> {
    /// The container. Its start counter has already been raised.
    pub record: &'a Record,
    /// The program.
    pub process: Process,
    /// The image that the cluster pulls.
    pub image: String,
    /// The pull policy.
    pub pull_policy: PullPolicy,
    /// The task of the Pod's agent, or none if no agent is needed.
    pub task: Option<Task>,
    /// The directories that get an `emptyDir`, sorted, without duplicates.
    pub directories: Vec<Directory>,
}

/// A directory that gets an `emptyDir`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// Its path.
    pub path: String,
    /// True if the image may have files in it, which the `emptyDir` would hide.
    pub has_files: bool,
}

impl<'a> Launch<'a> {
    /// Returns the launch of `record`'s current start, with `process` as the program and the image of the
    /// rules. Its agent calls chainpod below `agent_url`.
    #[must_use]
    pub fn of(record: &'a Record, process: Process, ruled: Ruled, agent_url: &str) -> Self {
        let container = &record.container;
        let of_build = match container.image.always_pull {
            true => PullPolicy::Always,
            false => PullPolicy::IfNotPresent,
        };
        let (image, pull_policy) = (ruled.reference, ruled.pull_policy.unwrap_or(of_build));
        if !container.needs_agent() {
            return Self {
                record,
                process,
                image,
                pull_policy,
                task: None,
                directories: Vec::new(),
            };
        }
        let (mut inputs, mut directories) = (Vec::new(), Vec::new());
        if let Some(overlay) = &container.image.overlay {
            inputs.extend(overlay.layers.iter().map(|_| "/".to_owned()));
            directories.extend(overlay.directories.iter().map(String::as_str));
        }
        for upload in &container.uploads {
            if let Upload::Archive { path, .. } = upload {
                inputs.push(path.clone());
                directories.push(path);
            }
        }
        let outputs = outputs(container.role);
        // The image's own directory may belong to root.
        directories.extend(outputs);
        let task = Task {
            version: VERSION,
            url: format!(
                "{agent_url}/agent/v1/{}/{}/{}",
                record.name, record.uid, container.starts
            ),
            inputs,
            outputs: outputs.iter().map(|&directory| directory.to_owned()).collect(),
            truststore: false,
        };
        Self {
            record,
            process,
            image,
            pull_policy,
            task: Some(task),
            directories: mountable(&directories)
                .into_iter()
                .map(|path| Directory {
                    has_files: may_have_files(&container.image.reference, &path),
                    path,
                })
                .collect(),
        }
    }
}

impl Launch<'_> {
    /// Returns true if a volume mounted there may hide files of the image.
    #[must_use]
    pub fn may_hide(&self, directory: &str) -> bool {
        may_have_files(&self.record.container.image.reference, directory)
    }
}

/// Returns the directories to mount, sorted. A parent takes the place of a path that cannot be mounted, or of
/// all paths if they are too many.
fn mountable(directories: &[&str]) -> Vec<String> {
    let parent = |path: &str| path.rsplit_once('/').map_or("", |(parent, _)| parent).to_owned();
    let legal = |path: &&str| {
        let mut path = path.trim_end_matches('/').to_owned();
        while path.contains(':') {
            path = parent(&path);
        }
        path
    };
    let mut paths: BTreeSet<String> = directories.iter().map(legal).collect();
    while paths.len() > DIRECTORIES {
        let depth = |path: &str| path.matches('/').count();
        let deepest = paths.iter().map(|path| depth(path)).max().unwrap_or_default();
        paths = paths
            .iter()
            .map(|path| {
                if depth(path) == deepest {
                    parent(path)
                } else {
                    path.clone()
                }
            })
            .collect();
    }
    let root = |path: String| if path.is_empty() { "/".to_owned() } else { path };
    paths.into_iter().map(root).collect()
}

/// Returns true if `image` may have files in that directory, as far as its name shows.
fn may_have_files(image: &str, directory: &str) -> bool {
    let name = ImageName::parse(image).ok();
    let last = name.as_ref().and_then(|name| name.path().rsplit('/').next());
    let fabrics = FABRIC_IMAGES
        .iter()
        .any(|(image, target)| last == Some(*image) && [target, FABRIC_FILES].contains(&directory));
    !fabrics && ![BUILD_INPUT, BUILD_OUTPUT].contains(&directory)
}

/// Returns the output directories of a container of that role.
pub(crate) const fn outputs(role: Role) -> &'static [&'static str] {
    match role {
        Role::Build => &[BUILD_OUTPUT],
        Role::Chaincode => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_mounted_has_its_parent_mounted() {
        assert_eq!(
            mountable(&["/w/sub", "/w", "/w/", "/a:b/c"]),
            ["/", "/w", "/w/sub"]
        );
        let many: Vec<_> = (0..65).map(|number| format!("/w/{number}")).collect();
        let many: Vec<_> = many.iter().map(String::as_str).chain(["/x"]).collect();
        assert_eq!(mountable(&many), ["/w", "/x"]);
    }

    #[test]
    fn only_fabrics_own_images_are_known_to_have_nothing_at_fabrics_targets() {
        for (image, directory, may) in [
            ("hyperledger/fabric-baseos:2.5", "/usr/local/bin", false),
            ("mirror.example/fabric-baseos:2.5", "/usr/local/bin", false),
            ("registry.example:5000/a/fabric-baseos", "/usr/local/bin", false),
            (
                "hyperledger/fabric-baseimage:amd64-0.4.22",
                "/usr/local/src",
                false,
            ),
            ("hyperledger/fabric-baseos-with-tools:2.5", "/usr/local/bin", true),
            ("fabric-baseos:5000/node", "/usr/local/bin", true),
            ("node:20", "/usr/local/bin", true),
            ("hyperledger/fabric-baseos:2.5", "/etc", true),
            ("hyperledger/fabric-javaenv:2.5", "/etc/hyperledger/fabric", false),
            ("hyperledger/fabric-peer:2.5", "/etc/hyperledger/fabric", true),
            (
                "hyperledger/fabric-baseimage:amd64-0.4.22",
                "/usr/local/bin",
                true,
            ),
            ("busybox", "/chaincode/input", false),
        ] {
            assert_eq!(may_have_files(image, directory), may, "{image} {directory}");
        }
    }
}
