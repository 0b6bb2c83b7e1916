//! From a container to what its Pod runs: the merge of image and request that
//! Docker does, and the task of the Pod's agent.

use std::collections::BTreeSet;

use agent_protocol::{Task, VERSION};
use image_name::ImageName;

use crate::container::{Container, Record, Role, Spec, Upload};
use crate::image::{Overlay, PullPolicy, Ruled};

/// Where a peer puts what a build container is to compile (Fabric: `core/chaincode/platforms/util`).
const BUILD_INPUT: &str = "/chaincode/input";
/// Where a peer puts what its chaincode needs to reach it (Fabric: `core/container/dockercontroller`).
const FABRIC_FILES: &str = "/etc/hyperledger/fabric";
/// The images in which chaincode runs, and where each has nothing that a peer's Dockerfile or files could hide: Go's,
/// Node's of 1.4 and of 2.x, Java's.
const FABRIC_IMAGES: [(&str, &str); 4] = [
    ("fabric-baseos", "/usr/local/bin"),
    ("fabric-baseimage", "/usr/local/src"),
    ("fabric-nodeenv", "/usr/local/src"),
    ("fabric-javaenv", "/root/chaincode-java/chaincode"),
];
/// The options that tell chaincode its peer's address: Go's and Node's, Java's (Fabric:
/// `core/chaincode/platforms`).
const PEER_OPTIONS: [&str; 2] = ["peer.address", "peerAddress"];
/// How many directories may be mounted: far more than a Dockerfile names, and what the kubelet mounts fast.
const DIRECTORIES: usize = 64;
/// Where a build container leaves what it made (Fabric: `core/chaincode/platforms/util`).
pub const BUILD_OUTPUT: &str = "/chaincode/output";

/// The program of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Entrypoint and command.
    pub argv: Vec<String>,
    /// Name and value, image's first; one entry per name.
    pub env: Vec<(String, String)>,
    /// The working directory; empty is the base image's.
    pub working_dir: String,
    /// The user; empty is the default of the image rules.
    pub user: String,
}

/// All that one start needs to become a Pod.
pub struct Launch<'a> {
    /// The container, its start counter already raised.
    pub record: &'a Record,
    /// What it runs.
    pub process: Process,
    /// What the cluster pulls.
    pub image: String,
    /// When.
    pub pull_policy: PullPolicy,
    /// What its agent does; none where nothing needs an agent.
    pub task: Option<Task>,
    /// The directories that get an emptyDir, sorted, none twice.
    pub directories: Vec<Directory>,
}

/// A directory that gets an emptyDir.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// Its path.
    pub path: String,
    /// Whether it may have files of the image's, which the emptyDir would hide.
    pub has_files: bool,
}

impl Process {
    /// What Docker would run for this container, as far as is known: its image may say more.
    #[must_use]
    pub fn of(container: &Container) -> Self {
        let (spec, none) = (&container.spec, Overlay::default());
        let overlay = container.image.overlay.as_ref().unwrap_or(&none);
        let base = container.image_command.clone().unwrap_or_default();
        // As in Docker: the base's CMD was for the base's ENTRYPOINT.
        let (entrypoint, base_cmd) = match &overlay.entrypoint {
            Some(entrypoint) => (Some(entrypoint), None),
            None => (base.entrypoint.as_ref(), base.cmd.as_ref()),
        };
        let cmd = overlay.cmd.as_ref().or(base_cmd);
        let argv = merge_command(spec, entrypoint.map(Vec::as_slice), cmd.map(Vec::as_slice));
        let or = |own: &str, image: &str| {
            if own.is_empty() {
                image.to_owned()
            } else {
                own.to_owned()
            }
        };
        Self {
            argv,
            env: merge_env(overlay.env.iter().chain(&spec.env)),
            working_dir: or(&spec.working_dir, &overlay.working_dir),
            user: or(&spec.user, &overlay.user),
        }
    }
}

impl Process {
    /// The address of the peer that the program is to serve; none where it is no chaincode. It may be
    /// one word of a shell's script.
    #[must_use]
    pub fn peer_address(&self) -> Option<&str> {
        let words = self.argv.iter().flat_map(|arg| arg.split([' ', '=']));
        let mut words = words.filter(|word| !word.is_empty());
        words.find(|word| PEER_OPTIONS.contains(&word.trim_start_matches('-')))?;
        words.next()
    }
}

impl<'a> Launch<'a> {
    /// The launch of `record`'s current start, which runs `process` in the image that the rules say; its agent calls
    /// home below `agent_url`.
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
        // The image's may be root's.
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
    /// Whether what is mounted there may hide files of the image's.
    #[must_use]
    pub fn may_hide(&self, directory: &str) -> bool {
        may_have_files(&self.record.container.image.reference, directory)
    }
}

/// The directories to mount, sorted: a parent where a path cannot be mounted, or for all where they are
/// too many.
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

/// Whether `image` may have files in that directory, as far as its name tells.
fn may_have_files(image: &str, directory: &str) -> bool {
    let name = ImageName::parse(image).ok();
    let last = name.as_ref().and_then(|name| name.path().rsplit('/').next());
    let fabrics = FABRIC_IMAGES
        .iter()
        .any(|(image, target)| last == Some(*image) && [target, FABRIC_FILES].contains(&directory));
    !fabrics && ![BUILD_INPUT, BUILD_OUTPUT].contains(&directory)
}

/// The directories that a container of that role leaves behind.
pub(crate) const fn outputs(role: Role) -> &'static [&'static str] {
    match role {
        Role::Build => &[BUILD_OUTPUT],
        Role::Chaincode => &[],
    }
}

impl Container {
    /// Whether its Pod needs an agent: to get files there, and results back. Where it has none the
    /// kubelet tells when it starts and ends.
    #[must_use]
    pub const fn needs_agent(&self) -> bool {
        self.image.overlay.is_some() || !self.uploads.is_empty()
    }

    /// Whether what it runs depends on what its image runs by itself: with an agent, which takes the place of that,
    /// where nobody else says an ENTRYPOINT, or anything; without one the runtime knows, unless it is to take a part.
    pub(crate) fn needs_image_command(&self) -> bool {
        let overlay = self.image.overlay.as_ref();
        let built = overlay.is_some_and(|overlay| overlay.entrypoint.is_some());
        let is_open = Process::of(self).argv.is_empty();
        match self.needs_agent() {
            _ if self.image_command.is_some() => false,
            true => is_open || (self.spec.entrypoint.is_none() && !built),
            false => is_open && self.spec.entrypoint.is_some(),
        }
    }

    /// The blobs of its own: what was put into it and what it left behind.
    pub fn blobs(&self) -> impl Iterator<Item = &crate::image::Digest> {
        self.uploaded().chain(self.outputs.values())
    }

    fn uploaded(&self) -> impl Iterator<Item = &crate::image::Digest> {
        self.uploads.iter().filter_map(|upload| match upload {
            Upload::Archive { digest, .. } => Some(digest),
            Upload::Files { .. } => None,
        })
    }

    /// The blobs that the agent may fetch, in the order of [`Task::inputs`].
    pub fn inputs(&self) -> impl Iterator<Item = &crate::image::Digest> {
        let layers = self.image.overlay.iter().flat_map(|overlay| &overlay.layers);
        layers.chain(self.uploaded())
    }
}

/// Entrypoint and command, as Docker's `merge`: a request's own entrypoint takes the image's command away,
/// an empty one takes the image's entrypoint away, and an empty command is none.
fn merge_command(spec: &Spec, entrypoint: Option<&[String]>, cmd: Option<&[String]>) -> Vec<String> {
    let own_cmd = spec.cmd.as_deref().filter(|cmd| !cmd.is_empty());
    let (entrypoint, image_cmd) = match spec.entrypoint.as_deref() {
        None => (entrypoint, cmd),
        Some([]) => (None, cmd),
        // `docker run --entrypoint ""`.
        Some([word]) if word.is_empty() => (None, None),
        own => (own, None),
    };
    let words = [entrypoint, own_cmd.or(image_cmd)].into_iter().flatten();
    words.flatten().cloned().collect()
}

/// Later entries replace earlier ones of the same name in place, as Docker's
/// `ReplaceOrAppendEnvValues`. A name without `=` unsets.
fn merge_env<'a>(entries: impl Iterator<Item = &'a String>) -> Vec<(String, String)> {
    let mut env: Vec<(String, String)> = Vec::new();
    for entry in entries {
        let Some((name, value)) = entry.split_once('=') else {
            env.retain(|(known, _)| known != entry);
            continue;
        };
        match env.iter_mut().find(|(known, _)| known == name) {
            Some(known) => known.1 = value.to_owned(),
            None => env.push((name.to_owned(), value.to_owned())),
        }
    }
    env
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_wins_over_the_image_and_a_bare_name_unsets() {
        let entries = ["A=1", "B=x=y", "A=", "C=3", "C"].map(str::to_owned);
        let expected = [("A", ""), ("B", "x=y")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(merge_env(entries.iter()), expected);
    }

    #[test]
    fn a_command_is_merged_as_docker_does_it() {
        let list = |text: &str| -> Vec<String> { text.split_whitespace().map(str::to_owned).collect() };
        let (entrypoint, cmd) = (list("e"), list("c"));
        for (own_entrypoint, own_cmd, merged) in [
            (None, None, "e c"),
            (None, Some("x"), "e x"),
            (None, Some(""), "e c"),
            (Some("o"), None, "o"),
            (Some("o"), Some("x y"), "o x y"),
            (Some(""), None, "c"),
            (Some(""), Some("x"), "x"),
        ] {
            let spec = Spec {
                entrypoint: own_entrypoint.map(list),
                cmd: own_cmd.map(list),
                ..Spec::default()
            };
            let argv = merge_command(&spec, Some(&entrypoint), Some(&cmd));
            assert_eq!(argv, list(merged), "{own_entrypoint:?} {own_cmd:?}");
        }
        let spec = Spec {
            entrypoint: Some(vec![String::new()]),
            ..Spec::default()
        };
        assert_eq!(merge_command(&spec, Some(&entrypoint), Some(&cmd)), [""; 0]);
    }

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
    #[test]
    fn every_languages_command_tells_the_peers_address() {
        let of = |argv: &[&str]| Process {
            argv: argv.iter().map(|&word| word.to_owned()).collect(),
            env: Vec::new(),
            working_dir: String::new(),
            user: String::new(),
        };
        for argv in [
            &["chaincode", "-peer.address=peer0:7052"][..],
            &[
                "/bin/bash",
                "-c",
                "set -e; cd /usr/local/src; npm start -- --peer.address peer0:7052",
            ],
            &["/root/chaincode-java/start", "--peerAddress", "peer0:7052"],
        ] {
            assert_eq!(of(argv).peer_address(), Some("peer0:7052"), "{argv:?}");
        }
        assert_eq!(of(&["go", "version"]).peer_address(), None);
    }
}
