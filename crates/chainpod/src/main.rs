//! The chainpod command: reads what it is told, wires the crates together and
//! serves. No rule of Docker or Kubernetes lives here.

mod cli;
mod serve;
mod telemetry;

use clap::Parser;

use cli::{Cli, Command};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Serve(options) => {
            telemetry::start(options.log_format);
            serve::run(options).await
        }
    }
}
