//! `cargo xtask lab network`: Fabric networks by hand.

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use lab::docker_tls::DockerTls;
use lab::network::{self, Fabric, NetworkOptions};
use lab::progress::Progress;

/// The name where none is given.
const DEFAULT_NAME: &str = "lab";

/// The Docker endpoint of an installation of the chart.
const IN_CLUSTER_ENDPOINT: &str = "tcp://docker:2375";

/// The action on a network.
#[derive(Subcommand)]
pub(crate) enum Network {
    /// Starts an orderer and peers, makes a channel and joins it.
    Up(Up),
    /// Ends a network, or all of them, and removes it.
    Down {
        /// The network's name. Without it, all networks.
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

/// The options of the network.
#[derive(Args)]
pub(crate) struct Up {
    /// The endpoint at which the peers start their chaincode: CORE_VM_ENDPOINT.
    #[arg(long, value_name = "URL", required_unless_present = "in_cluster")]
    docker_endpoint: Option<String>,
    /// Orderer and peers are Deployments in that namespace, which is there; their endpoint is tcp://docker:2375,
    /// where `cargo xtask lab install` puts chainpod.
    #[arg(long, value_name = "NAMESPACE", num_args = 0..=1, default_missing_value = "default")]
    in_cluster: Option<String>,
    /// The network's name. Several networks can be up side by side.
    #[arg(long, default_value = DEFAULT_NAME)]
    name: String,
    /// The version of its programs.
    #[arg(long, value_enum, default_value_t)]
    fabric: Fabric,
    /// The number of peers of its one organisation.
    #[arg(long, value_name = "N", default_value_t = 1)]
    peers: u16,
    /// Peers and orderer speak TLS: the default.
    #[arg(long, overrides_with = "no_tls")]
    tls: bool,
    /// They speak without it.
    #[arg(long, overrides_with = "tls")]
    no_tls: bool,
    /// The peers speak TLS to their Docker endpoint. Prints the files that its server needs.
    #[arg(long)]
    docker_tls: bool,
    /// An environment variable of the peers. Can be repeated.
    #[arg(long, value_name = "NAME=VALUE")]
    env: Vec<String>,
}

impl Up {
    fn options(&self) -> Result<NetworkOptions> {
        let mut options = NetworkOptions::new(
            &self.name,
            self.docker_endpoint.as_deref().unwrap_or(IN_CLUSTER_ENDPOINT),
        )
        .fabric(self.fabric)
        .peers(self.peers);
        if let Some(namespace) = &self.in_cluster {
            options = options.in_cluster(namespace);
        }
        if self.no_tls && !self.tls {
            options = options.no_tls();
        }
        if self.docker_tls {
            let tls = DockerTls::lab()?;
            println!(
                "chainpod serve --tls-cert {} --tls-key {} --tls-client-ca {}",
                tls.server_certificate().display(),
                tls.server_key().display(),
                tls.ca().display()
            );
            options = options.docker_tls(tls);
        }
        for variable in &self.env {
            let (name, value) = variable
                .split_once('=')
                .with_context(|| format!("--env is NAME=VALUE, {variable:?} is not"))?;
            options = options.env(name, value);
        }
        Ok(options)
    }
}

/// Does it.
pub(super) fn run(task: Network) -> Result<()> {
    match task {
        Network::Up(up) => {
            let options = up.options()?;
            let progress = Progress::new("network up");
            let network = network::Network::up(&options, &progress)?;
            progress.finish();
            for peer in network.peers() {
                println!("{}: {}", peer.peer_host(), peer.getinfo()?.trim());
            }
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
