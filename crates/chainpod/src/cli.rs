//! The command line: every option with its environment variable and its default.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand};

use crate::telemetry::LogFormat;

/// The port that a Docker daemon listens on without TLS (IANA: docker).
const DEFAULT_LISTEN: &str = "tcp://127.0.0.1:2375";
/// One above Docker's two ports.
const DEFAULT_AGENT_LISTEN: &str = "0.0.0.0:2377";
/// The image that carries the agent; a release's own tag in a release.
const DEFAULT_AGENT_IMAGE: &str = concat!("docker.io/chainpod/chainpod:", env!("CARGO_PKG_VERSION"));

/// A Docker Engine API endpoint that runs Hyperledger Fabric chaincode as Kubernetes Pods.
#[derive(Parser)]
#[command(version, about)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Serves the Docker Engine API until it is told to stop.
    Serve(Serve),
}

/// Options of `serve`.
#[derive(Args)]
pub(crate) struct Serve {
    /// Where Docker clients connect.
    #[arg(long, value_name = "tcp://ADDRESS:PORT", env = "CHAINPOD_LISTEN", default_value = DEFAULT_LISTEN)]
    pub(crate) listen: Listen,
    /// The namespace of the chaincode's Pods.
    #[arg(long, env = "CHAINPOD_NAMESPACE", default_value = "default")]
    pub(crate) namespace: String,
    /// The name of this installation: it sees only its own containers.
    #[arg(long, env = "CHAINPOD_INSTANCE", default_value = "chainpod")]
    pub(crate) instance: String,
    /// How the API server is reached [default: in-cluster, then KUBECONFIG, then ~/.kube/config].
    #[arg(long, value_name = "FILE", env = "CHAINPOD_KUBECONFIG")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// The directory of the image store; it must outlive this process.
    #[arg(
        long,
        value_name = "DIRECTORY",
        env = "CHAINPOD_STORE",
        default_value = "/var/lib/chainpod"
    )]
    pub(crate) store: PathBuf,
    /// Where the agents inside the Pods connect, with TLS.
    #[arg(long, value_name = "ADDRESS:PORT", env = "CHAINPOD_AGENT_LISTEN", default_value = DEFAULT_AGENT_LISTEN)]
    pub(crate) agent_listen: SocketAddr,
    /// The address at which Pods reach --agent-listen.
    #[arg(long, value_name = "ADDRESS:PORT", env = "CHAINPOD_AGENT_ADDRESS")]
    pub(crate) agent_address: SocketAddr,
    /// The image that carries chainpod-agent; mounted into every Pod.
    #[arg(long, value_name = "IMAGE", env = "CHAINPOD_AGENT_IMAGE", default_value = DEFAULT_AGENT_IMAGE)]
    pub(crate) agent_image: String,
    /// How log lines are written.
    #[arg(long, value_enum, env = "CHAINPOD_LOG_FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,
}

/// An address to listen on, as Docker writes it.
#[derive(Clone, Debug)]
pub(crate) struct Listen(pub(crate) SocketAddr);

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let address = text
            .strip_prefix("tcp://")
            .ok_or("an address begins with tcp://")?;
        let address = address
            .parse()
            .map_err(|error| format!("{address}: {error}; an IP address and a port"))?;
        Ok(Self(address))
    }
}
