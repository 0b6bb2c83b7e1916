//! The chainpod command: reads what it is told, wires the crates together and
//! serves. No rule of Docker or Kubernetes lives here.

mod agent_address;
mod cli;
mod cluster;
mod config;
mod ending;
mod explain;
mod images;
mod serve;
mod telemetry;

use std::process::ExitCode;

use clap::ArgMatches;
use config::{Config, Explain};

/// The command line is wrong (sysexits.h: EX_USAGE).
const EX_USAGE: u8 = 64;
/// A setting is wrong (sysexits.h: EX_CONFIG).
const EX_CONFIG: u8 = 78;

#[tokio::main]
async fn main() -> ExitCode {
    let matches = match cli::command().try_get_matches() {
        Ok(matches) => matches,
        Err(help_or_error) => {
            // Nobody is left to tell where this cannot be printed.
            let _ = help_or_error.print();
            return match help_or_error.use_stderr() {
                true => EX_USAGE.into(),
                false => ExitCode::SUCCESS,
            };
        }
    };
    // Invariant: clap demands a subcommand, and there is one.
    let (command, flags) = matches.subcommand().unwrap_or(("", &matches));
    let env = |name: &str| std::env::var(name).ok();
    match command {
        cli::EXPLAIN => match Explain::read(flags, &env) {
            Ok(config) => explained(&config, flags).await,
            Err(wrong) => misconfigured(&wrong),
        },
        _ => match Config::read(flags, &env) {
            Ok(config) => served(config).await,
            Err(wrong) => misconfigured(&wrong),
        },
    }
}

fn misconfigured(wrong: &config::Wrong) -> ExitCode {
    eprintln!("chainpod: {wrong}");
    EX_CONFIG.into()
}

async fn explained(config: &Explain, flags: &ArgMatches) -> ExitCode {
    // Invariant: clap demands it.
    let name = flags.get_one::<String>(cli::NAME).map_or("", String::as_str);
    match explain::run(config, name).await {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("chainpod: {error:#}");
            ExitCode::FAILURE
        }
    }
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
