//! `cargo xtask lab network`: Fabric networks by hand.

use anyhow::{Result, bail};
use clap::Subcommand;
use lab::network::{self, NetworkOptions};
use lab::progress::Progress;

/// The name where none is given.
const DEFAULT_NAME: &str = "lab";

/// What to do with a network.
#[derive(Subcommand)]
pub(crate) enum Network {
    /// Starts an orderer and a peer 2.5 with TLS, makes a channel and joins it.
    Up {
        /// Where the peer starts its chaincode: CORE_VM_ENDPOINT.
        #[arg(long, value_name = "URL")]
        docker_endpoint: String,
        /// The network's name; several can be up side by side.
        #[arg(long, default_value = DEFAULT_NAME)]
        name: String,
    },
    /// Ends a network, or all of them, and removes it.
    Down {
        /// Its name; all networks where it is left out.
        name: Option<String>,
    },
    /// Runs the peer's command line as Org1's admin: network peer lab lifecycle chaincode queryinstalled.
    #[command(disable_help_flag = true)]
    Peer {
        /// The network's name.
        name: String,
        /// The peer's arguments.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

/// Does it.
pub(super) fn run(task: Network) -> Result<()> {
    match task {
        Network::Up {
            docker_endpoint,
            name,
        } => {
            let progress = Progress::new("network up");
            let network = network::Network::up(&NetworkOptions::new(&name, &docker_endpoint), &progress)?;
            progress.finish();
            print!("{}", network.getinfo()?);
            Ok(())
        }
        Network::Down { name } => match name {
            Some(name) => network::down(&name),
            None => network::down_all(),
        },
        Network::Peer { name, arguments } => {
            let status = network::Network::find(&name)?
                .peer_command()
                .args(arguments)
                .status()?;
            if status.success() {
                Ok(())
            } else {
                bail!("peer: {status}")
            }
        }
    }
}
