//! `cargo xtask lab`: the lab by hand.

mod network;

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use harness::chainpod::{self, Profile};
use lab::cluster::{self, Cluster, Node, Runtime};
use lab::processes;
use lab::progress::Progress;

/// The action on the lab.
#[derive(Subcommand)]
pub(crate) enum Lab {
    /// Builds what is missing, starts the cluster and waits until it is Ready.
    Up {
        /// The smallest number of nodes. All are on this machine.
        #[arg(long, value_name = "N", default_value_t = 1)]
        nodes: usize,
        /// One of them has Debian's containerd 1.6, which has no image volumes.
        #[arg(long)]
        old_runtime: bool,
    },
    /// Removes a node, as a machine that is switched off and forgotten.
    RemoveNode {
        /// Its name.
        name: String,
    },
    /// Ends the cluster and leaves nothing of it.
    Down {
        /// Removes the cache too.
        #[arg(long)]
        purge: bool,
    },
    /// Shows the lab's processes and their memory.
    Status {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Prints what a shell needs to reach the cluster: eval "$(cargo xtask lab env)".
    Env,
    /// Runs kubectl as the cluster's admin.
    #[command(disable_help_flag = true)]
    Kubectl {
        /// kubectl's arguments.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Installs chainpod by its chart, from this checkout. Its images are in an emptyDir.
    Install {
        /// The namespace, which is made where it is not there.
        #[arg(long, default_value = "default")]
        namespace: String,
    },
    /// Fabric networks on this machine, with the lab's cluster or without it.
    #[command(subcommand)]
    Network(network::Network),
    /// Prints the log of a component: etcd, kube-apiserver, kubelet, containerd, …
    Logs {
        /// Its name.
        component: String,
    },
}

/// Does it.
pub(crate) fn run(task: Lab) -> Result<()> {
    match task {
        Lab::Up { nodes, old_runtime } => {
            let progress = Progress::new("lab up");
            grow(&Cluster::up(&progress)?, nodes, old_runtime, &progress)?;
            progress.finish();
            Ok(())
        }
        Lab::RemoveNode { name } => {
            let cluster = running()?;
            let nodes = cluster.nodes();
            let node = nodes.iter().find(|node| node.name() == name);
            cluster.remove_node(node.with_context(|| format!("there is no node {name}"))?)
        }
        Lab::Down { purge } => {
            let progress = Progress::new("lab down");
            progress.step("ending the lab", || ::lab::down(purge))?;
            progress.finish();
            Ok(())
        }
        Lab::Status { json } => status(json),
        Lab::Env => {
            println!("export KUBECONFIG={}", running()?.kubeconfig().display());
            Ok(())
        }
        Lab::Kubectl { arguments } => {
            let status = running()?.kubectl_command().args(arguments).status()?;
            if status.success() {
                Ok(())
            } else {
                bail!("kubectl: {status}")
            }
        }
        Lab::Install { namespace } => install(&namespace),
        Lab::Network(task) => network::run(task),
        Lab::Logs { component } => {
            let file = cluster::state_folder()?
                .join("logs")
                .join(format!("{component}.log"));
            print!(
                "{}",
                std::fs::read_to_string(&file).with_context(|| format!("no log {}", file.display()))?
            );
            Ok(())
        }
    }
}

/// Adds the nodes that are missing.
fn grow(cluster: &Cluster, nodes: usize, old_runtime: bool, progress: &Progress) -> Result<()> {
    let is_old = |node: &Node| node.runtime() == Runtime::Containerd1;
    if old_runtime && !cluster.nodes().iter().any(is_old) {
        cluster.add_node(Runtime::Containerd1, progress)?;
    }
    while cluster.nodes().len() < nodes {
        cluster.add_node(Runtime::Containerd2, progress)?;
    }
    Ok(())
}

fn install(namespace: &str) -> Result<()> {
    let progress = Progress::new("lab install");
    let cluster = running()?;
    chainpod::build(&cluster, Profile::Dev, &progress)?;
    let told = progress.step("installing the chart", || {
        let chart = harness::chart().display().to_string();
        let values = "image.tag=dev,store.type=emptyDir";
        let install = [
            "upgrade",
            "--install",
            "chainpod",
            &chart,
            "--create-namespace",
            "--wait",
            "--set",
            values,
        ];
        cluster.helm(namespace, &install)
    })?;
    progress.finish();
    print!("{told}");
    Ok(())
}

fn running() -> Result<Cluster> {
    Cluster::running().context("the lab is not up: cargo xtask lab up")
}

fn status(json: bool) -> Result<()> {
    let processes = processes::status()?;
    if json {
        println!("{}", serde_json::to_string_pretty(&processes)?);
        return Ok(());
    }
    println!("{:>8}  {:>8}  command", "pid", "MiB");
    for process in &processes {
        println!(
            "{:>8}  {:>8}  {}",
            process.pid, process.resident_mib, process.command
        );
    }
    let total: u64 = processes.iter().map(|process| process.resident_mib).sum();
    let state = if Cluster::running().is_some() {
        "up"
    } else {
        "down"
    };
    println!(
        "the lab is {state}; {total} MiB resident in {} processes",
        processes.len()
    );
    Ok(())
}
