//! A node: a kubelet and a containerd of its own, with a bridge, a range of Pods, a
//! cgroup and a folder. All are on this machine; the first comes with the cluster.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::runtime::Runtime;
use super::{
    CGROUP, Cluster, KUBELET_HEALTH_PORT, KUBELET_PORT, NODE, arguments, certificates, config, containerd,
    ctr, teardown,
};
use crate::progress::Progress;
use crate::{images, machine};

/// Off the ports of kube-proxy, and of the next node.
const PORTS_APART: u16 = 10;
/// The prefix of the names of the nodes' bridges.
pub(super) const BRIDGES: &str = "chainpod";
/// The file in a node's folder that holds its state.
const STATE_FILE: &str = "node.json";

/// A node of the cluster.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Node {
    index: u16,
    pub(super) runtime: Runtime,
    pub(super) folder: PathBuf,
    pub(super) programs: PathBuf,
}

impl Node {
    /// The first one, which is the cluster's: its folder is `run`.
    pub(super) fn first(run: &Path, programs: &Path) -> Self {
        Self {
            index: 0,
            runtime: Runtime::Containerd2,
            folder: run.to_owned(),
            programs: programs.to_owned(),
        }
    }

    /// Its name in the cluster.
    #[must_use]
    pub fn name(&self) -> String {
        match self.index {
            0 => NODE.to_owned(),
            index => format!("{NODE}-{index}"),
        }
    }

    /// Returns the runtime of its containers.
    #[must_use]
    pub const fn runtime(&self) -> Runtime {
        self.runtime
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.folder.join("containerd.sock")
    }

    pub(super) fn containerd_root(&self) -> PathBuf {
        self.folder.join("containerd")
    }

    pub(super) fn cgroup(&self) -> String {
        match self.index {
            0 => CGROUP.to_owned(),
            index => format!("{CGROUP}/{index}"),
        }
    }

    pub(super) fn bridge(&self) -> String {
        format!("{BRIDGES}{}", self.index)
    }

    pub(super) fn pod_range(&self) -> String {
        format!("10.244.{}.0/24", self.index)
    }

    pub(super) const fn kubelet_port(&self) -> u16 {
        KUBELET_PORT + PORTS_APART * self.index
    }

    pub(super) const fn kubelet_health_port(&self) -> u16 {
        KUBELET_HEALTH_PORT + PORTS_APART * self.index
    }

    /// Makes its files, and starts nothing. `root` is containerd's, to be linked.
    pub(super) fn prepare(&self, run: &Path, root: &Path, node_ip: IpAddr) -> Result<()> {
        containerd::link(root, &self.containerd_root())?;
        let pki = self.folder.join("pki");
        certificates::write_node(&run.join("pki"), &pki, &self.name(), node_ip)?;
        config::write_node(self, node_ip)?;
        teardown::make_cgroups(&self.cgroup())
    }

    fn load(folder: &Path) -> Result<Self> {
        Ok(serde_json::from_slice(&fs::read(folder.join(STATE_FILE))?)?)
    }
}

impl Cluster {
    /// All nodes, the first one first.
    #[must_use]
    pub fn nodes(&self) -> Vec<Node> {
        let further = fs::read_dir(self.run.join("nodes"))
            .into_iter()
            .flatten()
            .flatten();
        let mut further: Vec<_> = further
            .filter_map(|entry| Node::load(&entry.path()).ok())
            .collect();
        further.sort_by_key(|node| node.index);
        let mut nodes = vec![Node::first(&self.run, &self.containerd)];
        nodes.append(&mut further);
        nodes
    }

    /// Adds a node and waits until it is Ready.
    ///
    /// # Errors
    /// Returns an error if it does not get Ready in 90 s: its logs are in its folder.
    pub fn add_node(&self, runtime: Runtime, progress: &Progress) -> Result<Node> {
        let archive = images::build(progress)?;
        let taken: Vec<_> = self.nodes().iter().map(|node| node.index).collect();
        let index = (1..)
            .find(|index| !taken.contains(index))
            .context("too many nodes")?;
        let node = Node {
            index,
            runtime,
            folder: self.run.join("nodes").join(index.to_string()),
            programs: progress.step("getting its containerd", || runtime.programs())?,
        };
        let name = node.name();
        let root = progress.step("unpacking the images", || {
            containerd::root_with_images(runtime, &node.programs, &archive)
        })?;
        progress.step(&format!("starting node {name}"), || {
            node.prepare(&self.run, &root, self.node_ip)?;
            fs::write(node.folder.join(STATE_FILE), serde_json::to_vec(&node)?)?;
            self.name_nodes()?;
            let [containerd, kubelet] = arguments::of_node(&node, &self.kubernetes, self.node_ip);
            containerd.start(&node.folder)?;
            self.start_kubelet(&node, &kubelet)?;
            self.await_ready(&name)
        })?;
        Ok(node)
    }

    /// Ends all that runs on a further node, as of a machine without power; the cluster is not told.
    ///
    /// # Errors
    /// Returns an error if something of it resists.
    pub fn switch_off(&self, node: &Node) -> Result<()> {
        ensure!(node.index > 0, "the first node is the whole lab's");
        teardown::kill_part(&node.folder, &node.cgroup())
    }

    /// Removes a further node, as a machine that is switched off and forgotten.
    ///
    /// # Errors
    /// Returns an error if something of it resists.
    pub fn remove_node(&self, node: &Node) -> Result<()> {
        ensure!(node.index > 0, "the first node goes with the lab");
        teardown::clear_node(node)?;
        self.name_nodes()?;
        self.kubectl(&["delete", "node", &node.name(), "--ignore-not-found"])
            .map(drop)
    }

    /// Once the node's containerd answers: a kubelet without one ends.
    pub(super) fn start_kubelet(&self, node: &Node, kubelet: &arguments::Program) -> Result<()> {
        self.wait_for("containerd", || {
            ctr(&node.programs, &node.socket(), &["version"]).is_ok()
        })?;
        kubelet.start(&node.folder)
    }

    pub(super) fn await_ready(&self, node: &str) -> Result<()> {
        self.wait_for(&format!("node {node} to be Ready"), || {
            self.kubectl(&["wait", "node", node, "--for=condition=Ready", "--timeout=1s"])
                .is_ok()
        })
    }

    /// The kubelets' names must resolve on this machine.
    pub(super) fn name_nodes(&self) -> Result<()> {
        let nodes = self.nodes();
        let names: Vec<_> = nodes.iter().map(|node| (self.node_ip, node.name())).collect();
        machine::set_host(NODE, &names)
    }
}
