//! The chainpod command: reads what it is told, wires the crates together and
//! serves. No rule of Docker or Kubernetes lives here.

mod cli;
mod cluster;
mod config;
mod ending;
mod images;
mod serve;
mod telemetry;

use std::process::ExitCode;

use config::Config;

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
    let (_, flags) = matches.subcommand().unwrap_or(("", &matches));
    let config = match Config::read(flags, &|name| std::env::var(name).ok()) {
        Ok(config) => config,
        Err(wrong) => {
            eprintln!("chainpod: {wrong}");
            return EX_CONFIG.into();
        }
    };
    telemetry::start(config.log_format, &config.log_filter);
    match serve::run(config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
