//! The cluster: one real Kubernetes node on this machine. Everything that it
//! makes is below one state folder, one cgroup, one bridge and the chains of
//! its iptables rules, so that `down` can take all of it away.

mod certificates;
mod config;
mod containerd;
mod dns;
mod dockerd;
mod namespace;
mod node;
mod policies;
mod programs;
mod runtime;
mod teardown;
mod volume;

use std::fs::{self, File};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

pub use self::dockerd::Dockerd;
pub use self::namespace::Namespace;
pub use self::node::Node;
pub use self::policies::Enforcement;
pub use self::runtime::Runtime;
pub(crate) use self::teardown::clear;
pub use self::teardown::trace;
pub use self::volume::Volume;
use crate::command::{await_true, run};
use crate::go_build::GoModule;
use crate::machine::node_ip;
use crate::progress::Progress;
use crate::{cache, images, machine, processes};

/// The node's name.
pub(crate) const NODE: &str = "lab";
const POD_RANGE: &str = "10.244.0.0/16";
const SERVICE_RANGE: &str = "10.96.0.0/16";
const CLUSTER_DNS: &str = "10.96.0.10";
const CGROUP: &str = "chainpod-lab";
const PAUSE_IMAGE: &str = "registry.k8s.io/pause:3.10";
/// Off the usual 6443 and 2379, which another cluster's programs may have.
const API_PORT: u16 = 26443;
const ETCD_PORT: u16 = 22379;
const KUBELET_PORT: u16 = 10250;
const KUBELET_HEALTH_PORT: u16 = 10248;
const PROXY_HEALTH_PORT: u16 = 10256;
const PROXY_METRICS_PORT: u16 = 10249;
/// The ports that must be free before `up`.
pub(crate) const PORTS: [u16; 7] = [
    API_PORT,
    ETCD_PORT,
    ETCD_PORT + 1,
    KUBELET_PORT,
    KUBELET_HEALTH_PORT,
    PROXY_HEALTH_PORT,
    PROXY_METRICS_PORT,
];

const KUBERNETES: GoModule = GoModule {
    name: "kubernetes",
    folder: "kubernetes",
    packages: &["."],
    ldflags: "-s -w -X k8s.io/component-base/version.gitVersion=v1.36.3 -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36",
    tags: "",
};
const CONTAINERD: GoModule = GoModule {
    name: "containerd",
    folder: "containerd",
    packages: &["tool"],
    ldflags: "-s -w -X github.com/containerd/containerd/v2/version.Version=v2.4.2",
    tags: "no_btrfs no_devmapper no_zfs",
};

/// A running cluster.
#[derive(Clone, Debug)]
pub struct Cluster {
    run: PathBuf,
    kubernetes: PathBuf,
    containerd: PathBuf,
    node_ip: IpAddr,
}

/// The state folder.
///
/// # Errors
/// Returns the errors of [`cache::root`].
pub fn state_folder() -> Result<PathBuf> {
    Ok(cache::root()?.join("run"))
}

/// Holds off other commands that take the cluster up or down.
///
/// # Errors
/// Returns an error if the lock file cannot be opened or locked.
pub(crate) fn lock() -> Result<File> {
    fs::create_dir_all(cache::root()?)?;
    cache::lock(&cache::root()?.join("up.lock"))
}

impl Cluster {
    /// Builds missing programs and images, and starts the cluster. A running cluster is returned as it is. A
    /// second call at the same time waits for the first.
    ///
    /// # Errors
    /// Returns an error that names missing tools before work starts, or the program that does not get ready,
    /// with the name of its log.
    pub fn up(progress: &Progress) -> Result<Self> {
        let _lock = lock()?;
        if let Some(cluster) = Self::running() {
            eprintln!("  the lab is running already");
            return Ok(cluster);
        }
        // What a killed `up` left behind.
        clear()?;
        machine::prepare(progress, &PORTS)?;
        let cluster = Self::built(progress)?;
        let images = images::build(progress)?;
        let root = progress.step("unpacking the images", || {
            containerd::root_with_images(Runtime::Containerd2, &cluster.containerd, &images)
        })?;
        progress.step("starting the control plane, containerd and the kubelet", || {
            cluster.start(&root)
        })?;
        progress.step("starting CoreDNS", || {
            cluster.apply(&dns::manifest(&machine::names_folder()?))
        })?;
        progress.step("waiting for the node to be Ready", || cluster.await_ready(NODE))?;
        progress.step("waiting for DNS to answer", || {
            cluster.wait_for("an answer of DNS", || dns::answers(CLUSTER_DNS))
        })?;
        fs::write(cluster.run.join("ready"), "")?;
        Ok(cluster)
    }

    /// The cluster, if it is up.
    #[must_use]
    pub fn running() -> Option<Self> {
        let run = state_folder().ok()?;
        let alive =
            run.join("ready").exists() && processes::of(&run).is_ok_and(|processes| !processes.is_empty());
        let folder = |name: &str| fs::read_to_string(run.join(name)).ok().map(PathBuf::from);
        let (kubernetes, containerd) = (folder("kubernetes")?, folder("containerd-programs")?);
        alive.then_some(Self {
            run,
            kubernetes,
            containerd,
            node_ip: node_ip().ok()?,
        })
    }

    fn built(progress: &Progress) -> Result<Self> {
        Ok(Self {
            run: state_folder()?,
            kubernetes: progress.step("building Kubernetes", || KUBERNETES.build())?,
            containerd: progress.step("building containerd", || CONTAINERD.build())?,
            node_ip: node_ip()?,
        })
    }

    fn start(&self, root: &Path) -> Result<()> {
        fs::create_dir_all(&self.run)?;
        teardown::remember(&self.run)?;
        fs::write(self.run.join("kubernetes"), self.kubernetes.display().to_string())?;
        fs::write(
            self.run.join("containerd-programs"),
            self.containerd.display().to_string(),
        )?;
        certificates::write(&self.run.join("pki"), self.node_ip)?;
        config::write(&self.run)?;
        let node = Node::first(&self.run, &self.containerd);
        node.prepare(&self.run, root, self.node_ip)?;
        self.name_nodes()?;
        let [containerd, kubelet] = programs::of_node(&node, &self.kubernetes, self.node_ip);
        containerd.start(&self.run)?;
        for program in programs::of_cluster(&self.run, &self.kubernetes, self.node_ip) {
            program.start(&self.run)?;
            if program.name == "kube-apiserver" {
                self.wait_for("the API server", || {
                    self.kubectl(&["get", "--raw", "/readyz"]).is_ok()
                })?;
            }
        }
        self.start_kubelet(&node, &kubelet)
    }

    /// Loads the images of an OCI or docker archive into the containerd of every node.
    ///
    /// # Errors
    /// Returns containerd's error.
    pub fn import(&self, archive: &Path) -> Result<()> {
        self.nodes()
            .iter()
            .try_for_each(|node| containerd::import(&node.programs, &node.socket(), archive))
    }

    /// The admin's kubeconfig.
    #[must_use]
    pub fn kubeconfig(&self) -> PathBuf {
        self.run.join("config/admin.kubeconfig")
    }

    /// kubectl as the admin, ready for arguments.
    #[must_use]
    pub fn kubectl_command(&self) -> Command {
        let mut command = Command::new(self.kubernetes.join("kubernetes"));
        command.arg("kubectl").env("KUBECONFIG", self.kubeconfig());
        command
    }

    /// Runs kubectl as the admin and returns its output.
    ///
    /// # Errors
    /// Returns kubectl's standard error.
    pub fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        run(self.kubectl_command().args(arguments))
    }

    /// Applies a manifest.
    ///
    /// # Errors
    /// Returns kubectl's error.
    pub fn apply(&self, manifest: &str) -> Result<()> {
        let file = tempfile::NamedTempFile::new()?;
        fs::write(file.path(), manifest)?;
        self.kubectl(&["apply", "-f", &file.path().display().to_string()])
            .map(drop)
    }

    /// The node's address, which Pods and the host reach.
    #[must_use]
    pub const fn node_ip(&self) -> IpAddr {
        self.node_ip
    }

    /// Returns the address of the API server.
    #[must_use]
    pub fn api(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, API_PORT).into()
    }

    /// Looks until `ready`.
    ///
    /// # Errors
    /// Returns an error after 90 s.
    pub fn wait_for(&self, what: &str, ready: impl FnMut() -> bool) -> Result<()> {
        let logs = self.run.join("logs");
        await_true(what, ready).with_context(|| format!("the logs are in {}", logs.display()))
    }
}

/// Runs containerd's client and returns its output.
fn ctr(programs: &Path, socket: &Path, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new(programs.join("ctr"));
    run(command.arg("--address").arg(socket).args(arguments))
}
