//! The chainpod command: reads the command line, wires the crates together and serves. No rule of Docker or
//! Kubernetes is here.

mod agent_address;
mod by_name;
mod cli;
mod cluster;
mod commands;
mod config;
mod essential;
mod examples;
mod images;
mod print;
mod shutdown;
mod telemetry;

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::ArgMatches;
use commands::{completions, doctor, explain, gc, logs, ps, serve};
use config::{Config, Doctor, Explain, Gc, Look, Wrong};

/// The command line is wrong (sysexits.h: EX_USAGE).
const EX_USAGE: u8 = 64;
/// A setting is wrong (sysexits.h: EX_CONFIG).
const EX_CONFIG: u8 = 78;

fn main() -> ExitCode {
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("chainpod: cannot start its threads: {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(command());
    // A process that has to end at once does not wait for work on other threads.
    runtime.shutdown_background();
    code
}

async fn command() -> ExitCode {
    let matches = match cli::command().try_get_matches() {
        Ok(matches) => matches,
        Err(help_or_error) => {
            // If this cannot be printed, the error has nowhere to go.
            let _ = help_or_error.print();
            return match help_or_error.use_stderr() {
                true => EX_USAGE.into(),
                false => ExitCode::SUCCESS,
            };
        }
    };
    // Invariant: clap requires a subcommand, so there is one.
    let (command, flags) = matches.subcommand().unwrap_or(("", &matches));
    let env = |name: &str| std::env::var(name).ok();
    match run(command, flags, &env).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("chainpod: {error:#}");
            match error.is::<Wrong>() {
                true => EX_CONFIG.into(),
                false => ExitCode::FAILURE,
            }
        }
    }
}

/// Runs the subcommand of the command line.
async fn run(command: &str, flags: &ArgMatches, env: &dyn Fn(&str) -> Option<String>) -> Result<ExitCode> {
    match command {
        cli::PS => ps::run(&Look::read(flags, env)?, flags).await?,
        cli::LOGS => logs::run(&Look::read(flags, env)?, flags).await?,
        cli::DOCTOR => return doctor::run(Doctor::read(flags, env)?, flags).await,
        cli::GC => gc::run(&Gc::read(flags, env)?).await?,
        cli::EXPLAIN => {
            // Invariant: clap requires the name.
            let name = flags.get_one::<String>(cli::NAME).map_or("", String::as_str);
            print::print(&explain::run(&Explain::read(flags, env)?, name).await?);
        }
        cli::COMPLETIONS => completions::print(flags),
        cli::SERVE => return Ok(served(Config::read(flags, env)?).await),
        other => bail!("the command {other:?} does nothing"),
    }
    Ok(ExitCode::SUCCESS)
}

async fn served(config: Config) -> ExitCode {
    telemetry::start(config.log_format, &config.log_filter);
    match serve::run(config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
