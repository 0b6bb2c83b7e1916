//! The project's tasks: the lab, the tests, the demo, the benchmarks.

mod lab;

use clap::{Parser, Subcommand};

/// Tasks of the chainpod workspace.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// A real Kubernetes node and real Fabric networks on this machine.
    #[command(subcommand)]
    Lab(lab::Lab),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().task {
        Task::Lab(task) => lab::run(task),
    }
}
