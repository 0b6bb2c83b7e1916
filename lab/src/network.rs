//! A Fabric network: an orderer and a peer with TLS as processes of this machine,
//! whose channel is made and joined. Several live side by side; chaincode Pods
//! reach the peer by its name.

mod chaincode;
mod config;
mod ports;
mod programs;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

pub use self::chaincode::{Package, vendored};
use self::ports::Ports;
use crate::cluster::{node_ip, run};
use crate::go::GoModule;
use crate::progress::Progress;
use crate::{cache, machine, processes};

/// The channel of every network.
pub const CHANNEL: &str = "lab";
/// The longest name: it is part of host names, and of Fabric's names for chaincode containers.
const NAME_CHARS: usize = 20;
/// The file that says what a network is.
const STATE_FILE: &str = "network.json";

const FABRIC: GoModule = GoModule {
    name: "fabric-2.5",
    folder: "fabric/v2.5",
    packages: &[
        "github.com/hyperledger/fabric/cmd/peer",
        "github.com/hyperledger/fabric/cmd/orderer",
        "github.com/hyperledger/fabric/cmd/configtxgen",
        "github.com/hyperledger/fabric/cmd/cryptogen",
        "github.com/hyperledger/fabric/cmd/osnadmin",
    ],
    // As Fabric's own releases set it; the peer derives its images' tags from it.
    ldflags: "-s -w -X github.com/hyperledger/fabric/common/metadata.Version=v2.5.9",
    tags: "",
};

/// What a network is to be.
#[derive(Clone, Debug)]
pub struct NetworkOptions {
    name: String,
    docker_endpoint: String,
}

impl NetworkOptions {
    /// A network of that name, whose peer starts chaincode at that `CORE_VM_ENDPOINT`.
    #[must_use]
    pub fn new(name: &str, docker_endpoint: &str) -> Self {
        Self {
            name: name.to_owned(),
            docker_endpoint: docker_endpoint.to_owned(),
        }
    }
}

/// A network. It goes on when this is dropped.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Network {
    name: String,
    folder: PathBuf,
    programs: PathBuf,
    docker_endpoint: String,
    ports: Ports,
}

impl Network {
    /// Makes and starts a network, and joins its peer to the channel.
    ///
    /// # Errors
    /// When one of that name is up, or a program fails: with its own words or its log's name.
    pub fn up(options: &NetworkOptions, progress: &Progress) -> Result<Self> {
        let name = options.name.as_str();
        check_name(name)?;
        let folder = folder()?.join(name);
        ensure!(
            processes::of(&folder)?.is_empty(),
            "network {name} is up already; `cargo xtask lab network down {name}` ends it"
        );
        let programs = progress.step("building Fabric 2.5", || FABRIC.build())?;
        // What a killed network left behind.
        down(name)?;
        let network = Self::prepared(options, folder, programs)?;
        let started = progress
            .step("making keys and the channel's first block", || {
                config::write(&network)
            })
            .and_then(|()| progress.step("starting the orderer", || network.start_orderer()))
            .and_then(|()| progress.step("starting the peer", || network.start_peer()))
            .and_then(|()| progress.step("joining the channel", || network.join()));
        if started.is_err() {
            // The logs stay, to read.
            end(name)?;
        }
        started.map(|()| network)
    }

    /// Takes the network's place: its folder, its ports and its names.
    fn prepared(options: &NetworkOptions, folder: PathBuf, programs: PathBuf) -> Result<Self> {
        fs::create_dir_all(&folder)?;
        let _lock = cache::lock(&cache::root()?.join("networks.lock"))?;
        let network = Self {
            name: options.name.clone(),
            folder,
            programs,
            docker_endpoint: options.docker_endpoint.clone(),
            ports: Ports::free(&all()?)?,
        };
        fs::write(
            network.folder.join(STATE_FILE),
            serde_json::to_vec_pretty(&network)?,
        )?;
        let ip = node_ip()?;
        let names = [(ip, network.peer_host()), (ip, network.orderer_host())];
        machine::set_host(&owner(&network.name), &names)?;
        Ok(network)
    }

    /// The network of that name.
    ///
    /// # Errors
    /// When there is none.
    pub fn find(name: &str) -> Result<Self> {
        let file = folder()?.join(name).join(STATE_FILE);
        let state = fs::read(&file).with_context(|| {
            format!(
                "there is no network {name}: cargo xtask lab network up --name {name} --docker-endpoint URL"
            )
        })?;
        Ok(serde_json::from_slice(&state)?)
    }

    /// Ends the network and removes all of it but what it made at its docker endpoint.
    ///
    /// # Errors
    /// When a process does not end.
    pub fn down(&self) -> Result<()> {
        down(&self.name)
    }

    fn domain(&self) -> String {
        format!("{}.example.com", self.name)
    }

    /// The peer's host name: it resolves on this machine and inside Pods.
    #[must_use]
    pub fn peer_host(&self) -> String {
        format!("peer0.org1.{}", self.domain())
    }

    fn orderer_host(&self) -> String {
        format!("orderer.{}", self.domain())
    }

    /// The height of the channel's chain, and its hashes, as the peer says them.
    ///
    /// # Errors
    /// The peer's.
    pub fn getinfo(&self) -> Result<String> {
        self.peer(&["channel", "getinfo", "--channelID", CHANNEL])
    }

    /// Runs the peer's command line as Org1's admin; its standard output.
    ///
    /// # Errors
    /// What it writes to its standard error.
    pub fn peer(&self, arguments: &[&str]) -> Result<String> {
        run(self.peer_command().args(arguments))
    }

    /// The peer's command line as Org1's admin, ready for arguments.
    #[must_use]
    pub fn peer_command(&self) -> Command {
        let mut command = Command::new(self.programs.join("peer"));
        command.envs(self.admin_environment());
        command
    }

    /// What the peer has logged since its last start.
    #[must_use]
    pub fn peer_log(&self) -> String {
        fs::read_to_string(self.folder.join("logs/peer.log")).unwrap_or_default()
    }

    fn join(&self) -> Result<()> {
        let block = self.folder.join("genesis.block").display().to_string();
        self.osnadmin(&["join", "--channelID", CHANNEL, "--config-block", &block])?;
        self.peer(&["channel", "join", "--blockpath", &block]).map(drop)
    }

    fn osnadmin(&self, arguments: &[&str]) -> Result<String> {
        let (action, rest) = arguments.split_first().context("osnadmin needs an action")?;
        let tls = self.orderer_tls();
        let file = |name: &str| tls.join(name).display().to_string();
        run(Command::new(self.programs.join("osnadmin"))
            .args(["channel", action])
            .args([
                "--orderer-address",
                &format!("localhost:{}", self.ports.orderer_admin),
            ])
            .args(["--ca-file", &file("ca.crt")])
            .args(["--client-cert", &file("server.crt")])
            .args(["--client-key", &file("server.key")])
            .args(rest))
    }
}

/// All networks, running or not.
fn all() -> Result<Vec<Network>> {
    let entries = fs::read_dir(folder()?).into_iter().flatten().flatten();
    // One that is being made or removed has no state.
    Ok(entries
        .filter_map(|entry| Network::find(&entry.file_name().to_string_lossy()).ok())
        .collect())
}

/// Where networks are.
fn folder() -> Result<PathBuf> {
    Ok(cache::root()?.join("networks"))
}

/// Who its host names belong to.
fn owner(name: &str) -> String {
    format!("network {name}")
}

/// Ends the network of that name, whatever state it is in, and removes it.
///
/// # Errors
/// When a process of it does not end.
pub fn down(name: &str) -> Result<()> {
    end(name)?;
    remove(&folder()?.join(name))
}

/// Ends a network's processes and takes its names away.
fn end(name: &str) -> Result<()> {
    check_name(name)?;
    let folder = folder()?.join(name);
    processes::kill_all(|| {
        let processes = processes::of(&folder)?;
        Ok(processes.iter().map(|process| process.pid).collect())
    })?;
    machine::remove_host(&owner(name))
}

/// Ends all networks.
///
/// # Errors
/// When a process of one does not end.
pub fn down_all() -> Result<()> {
    let folder = folder()?;
    for entry in fs::read_dir(&folder).into_iter().flatten() {
        down(&entry?.file_name().to_string_lossy())?;
    }
    remove(&folder)
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

fn check_name(name: &str) -> Result<()> {
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    ensure!(
        !name.is_empty() && name.len() <= NAME_CHARS && name.chars().all(legal),
        "a network's name has 1 to {NAME_CHARS} of a-z and 0-9, {name:?} has not"
    );
    Ok(())
}
