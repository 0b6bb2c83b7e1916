//! The project's tasks: the lab, the tests, the demo, the benchmarks, the image.

mod bench;
mod demo;
mod english;
mod image;
mod lab;
mod links;
mod sizes;
mod test;
mod tree;

use std::process::ExitCode;

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
    /// Brings up the lab, lets a real peer run its chaincode through chainpod, and tells what happened.
    Demo(demo::Demo),
    /// How fast chainpod is, beside what Kubernetes itself takes.
    #[command(subcommand)]
    Bench(bench::Bench),
    /// chainpod's own image, without a Docker daemon.
    Image(image::Image),
    /// Counts sentences that are hard to read, by folder.
    English(english::English),
    /// Prints the length of files and functions, and checks their bounds.
    Sizes,
    /// Checks of the whole tree that need neither its tests nor the lab.
    Gates(test::gates::Gates),
    /// Everything that a push must pass.
    Test(test::Test),
}

fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::Lab(task) => lab::run(task),
        Task::Demo(options) => demo::run(&options),
        Task::Bench(task) => bench::run(task),
        Task::Image(options) => image::run(&options),
        Task::English(options) => english::run(&options),
        Task::Sizes => sizes::run(),
        Task::Gates(options) => test::gates::run(&options),
        Task::Test(options) => test::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
