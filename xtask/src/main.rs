//! The project's tasks: the lab, the tests, the demo, the benchmarks, the image.

mod bench;
mod circles;
mod demo;
mod image;
mod lab;
mod test;

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
    /// The circles of files in each crate.
    Circles,
    /// Everything that a push must pass.
    Test(test::Test),
}

fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::Lab(task) => lab::run(task),
        Task::Demo(options) => demo::run(&options),
        Task::Bench(task) => bench::run(task),
        Task::Image(options) => image::run(&options),
        Task::Circles => circles::run(),
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
