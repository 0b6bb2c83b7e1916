//! The project's tasks: the lab, the tests, the demo, the benchmarks, the image.

mod bench;
mod circles;
mod demo;
mod english;
mod examples;
mod image;
mod lab;
mod links;
mod output;
mod sizes;
mod test;
mod tree;

use std::process::ExitCode;

use clap::{Command, CommandFactory, FromArgMatches, Parser, Subcommand};
use examples::{Example, HERE, ON_THE_LAB};

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
    /// Measures chainpod's speed and memory, compared with Kubernetes' own.
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
    /// The circles of files in each crate.
    Circles,
    /// Everything that a push must pass.
    Test(test::Test),
}

/// The whole command line, with its examples.
fn command() -> Command {
    Cli::command().mut_subcommands(|task| with_examples(task, ""))
}

/// Adds the examples of a task, and of those within it, to the end of their help.
fn with_examples(task: Command, parent: &str) -> Command {
    let path = format!("{parent} {}", task.get_name()).trim().to_owned();
    let all = HERE.iter().chain(ON_THE_LAB);
    let of_task = all.filter(|example| example.task == path);
    let lines: String = of_task
        .map(|Example { does, line, .. }| format!("\n  {line}\n      {does}"))
        .collect();
    let task = task.mut_subcommands(|inner| with_examples(inner, &path));
    match lines.as_str() {
        "" => task,
        lines => task.after_help(format!("Examples:{lines}")),
    }
}

fn main() -> ExitCode {
    // Invariant: the same command was parsed.
    let cli = Cli::from_arg_matches(&command().get_matches()).unwrap_or_else(|error| error.exit());
    let done = match cli.task {
        Task::Lab(task) => lab::run(task),
        Task::Demo(options) => demo::run(&options),
        Task::Bench(task) => bench::run(task),
        Task::Image(options) => image::run(&options),
        Task::English(options) => english::run(&options),
        Task::Sizes => sizes::run(),
        Task::Gates(options) => test::gates::run(&options),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn examples_that_need_the_lab_are_tasks() {
        for example in ON_THE_LAB {
            let arguments = example.line.split_whitespace().skip(1);
            let parsed = command().try_get_matches_from(arguments);
            let parsed = parsed.unwrap_or_else(|error| panic!("{}: {error}", example.line));
            Cli::from_arg_matches(&parsed).unwrap_or_else(|error| panic!("{}: {error}", example.line));
        }
    }
}
