//! `cargo xtask lab`: the lab by hand.

mod network;

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use lab::cluster::{self, Cluster};
use lab::processes;
use lab::progress::Progress;

/// What to do with the lab.
#[derive(Subcommand)]
pub(crate) enum Lab {
    /// Builds what is missing, starts the cluster and waits until it is Ready.
    Up,
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
        Lab::Up => {
            let progress = Progress::new("lab up");
            Cluster::up(&progress)?;
            progress.finish();
            Ok(())
        }
        Lab::Down { purge } => {
            let progress = Progress::new("lab down");
            progress.step("ending the lab", || cluster::down(purge))?;
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
