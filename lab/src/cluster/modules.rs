//! The Go modules whose programs are a cluster: Kubernetes, and containerd.

use crate::go_build::GoModule;

/// Kubernetes: the program for all of its components.
pub(super) const KUBERNETES: GoModule = GoModule {
    name: "kubernetes",
    folder: "kubernetes",
    packages: &["."],
    ldflags: "-s -w -X k8s.io/component-base/version.gitVersion=v1.36.3 -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36",
    tags: "",
};
/// containerd, with its shim and `ctr`.
pub(super) const CONTAINERD: GoModule = GoModule {
    name: "containerd",
    folder: "containerd",
    packages: &["tool"],
    ldflags: "-s -w -X github.com/containerd/containerd/v2/version.Version=v2.4.2",
    tags: "no_btrfs no_devmapper no_zfs",
};
