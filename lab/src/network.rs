//! A Fabric network: an orderer and peers as processes of this machine or as Pods,
//! whose channel is made and joined. Several live side by side; chaincode Pods reach the
//! peers by their names.

mod chaincode;
mod channel;
mod config;
mod fabric;
mod image;
mod language;
mod lifecycle;
mod options;
mod package;
mod pods;
mod ports;
mod programs;

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

pub use self::fabric::Fabric;
pub use self::language::Language;
pub use self::options::NetworkOptions;
pub use self::package::{Package, vendored};
pub use self::ports::PEERS_MAX;
use self::ports::Ports;
use crate::command::run;
use crate::machine::node_ip;
use crate::progress::Progress;
use crate::{cache, machine, processes};

/// The channel of every network.
pub const CHANNEL: &str = "lab";
/// The longest name: it is part of host names, and of Fabric's names for chaincode containers.
const NAME_CHARS: usize = 20;
/// The file that says what a network is.
const STATE_FILE: &str = "network.json";

/// A network, seen from one of its peers. It goes on when this is dropped.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Network {
    options: NetworkOptions,
    folder: PathBuf,
    programs: PathBuf,
    ports: Ports,
    peer: u16,
}

impl Network {
    /// Makes and starts a network, and joins its peers to the channel; seen from its first peer.
    ///
    /// # Errors
    /// Returns an error if one of that name is up, or a program fails: with its own words or its log's name.
    pub fn up(options: &NetworkOptions, progress: &Progress) -> Result<Self> {
        options.check()?;
        let name = options.name.as_str();
        let folder = folder()?.join(name);
        ensure!(
            processes::of(&folder)?.is_empty(),
            "network {name} is up already; `cargo xtask lab network down {name}` ends it"
        );
        let release = options.fabric.release();
        let programs = progress.step(&format!("building Fabric {}", options.fabric), || {
            release.cryptogen.release().module.build()?;
            release.module.build()
        })?;
        // What a killed network left behind.
        down(name)?;
        let network = Self::prepared(options, folder, programs)?;
        let started = network.begin(progress);
        if started.is_err() {
            // The logs stay, to read.
            end(name)?;
        }
        started.map(|()| network)
    }

    fn begin(&self, progress: &Progress) -> Result<()> {
        progress.step("making keys and configuration", || config::write(self))?;
        progress.step("starting the orderer", || self.start_orderer())?;
        progress.step("making the channel", || self.make_channel())?;
        progress.step("starting the peers and joining the channel", || {
            self.peers().try_for_each(|peer| {
                peer.start_peer()?;
                peer.join()
            })
        })
    }

    /// Takes the network's place: its folder, its ports and its names.
    fn prepared(options: &NetworkOptions, folder: PathBuf, programs: PathBuf) -> Result<Self> {
        fs::create_dir_all(&folder)?;
        let _lock = cache::lock(&cache::root()?.join("networks.lock"))?;
        let network = Self {
            options: options.clone(),
            folder,
            programs,
            ports: Ports::free(&all()?)?,
            peer: 0,
        };
        fs::write(
            network.folder.join(STATE_FILE),
            serde_json::to_vec_pretty(&network)?,
        )?;
        machine::set_host(&owner(&options.name), &network.names()?)?;
        Ok(network)
    }

    /// Returns the addresses and the names with which this machine finds its programs.
    fn names(&self) -> Result<Vec<(IpAddr, String)>> {
        if let Some(pods) = self.pods() {
            return pods.serve();
        }
        let ip = node_ip()?;
        let mut names = vec![(ip, self.orderer_host())];
        names.extend(self.peers().map(|peer| (ip, peer.peer_host())));
        Ok(names)
    }

    /// The network as seen from each of its peers.
    pub fn peers(&self) -> impl Iterator<Item = Self> {
        (0..self.options.peers).map(|peer| Self { peer, ..self.clone() })
    }

    /// The network whose peers start their chaincode at that `CORE_VM_ENDPOINT` from their next start on.
    #[must_use]
    pub fn at_docker_endpoint(&self, endpoint: &str) -> Self {
        let mut moved = self.clone();
        endpoint.clone_into(&mut moved.options.docker_endpoint);
        moved
    }

    /// The version of its programs.
    #[must_use]
    pub const fn fabric(&self) -> Fabric {
        self.options.fabric
    }

    /// The network of that name.
    ///
    /// # Errors
    /// Returns an error if there is none.
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
    /// Returns an error if a process does not end.
    pub fn down(&self) -> Result<()> {
        down(&self.options.name)
    }

    fn domain(&self) -> String {
        format!("{}.example.com", self.options.name)
    }

    /// The peer's host name: it resolves on this machine and inside Pods.
    #[must_use]
    pub fn peer_host(&self) -> String {
        self.host_of(&format!("peer{}", self.peer), "org1")
    }

    fn orderer_host(&self) -> String {
        match &self.options.namespace {
            None => format!("orderer.{}", self.domain()),
            Some(namespace) => format!("{}.{namespace}", pods::ORDERER),
        }
    }

    /// The host name of an organisation's member: a Service's with its namespace, where there are Services.
    fn host_of(&self, member: &str, organization: &str) -> String {
        match &self.options.namespace {
            None => format!("{member}.{organization}.{}", self.domain()),
            Some(namespace) => format!("{member}-{organization}.{namespace}"),
        }
    }

    /// Returns the height of the channel's chain and its hashes, as the peer reports them.
    ///
    /// # Errors
    /// Returns the peer's error.
    pub fn getinfo(&self) -> Result<String> {
        self.peer(&["channel", "getinfo", "--channelID", CHANNEL])
    }

    /// Runs the peer's command line as Org1's admin. Returns its standard output.
    ///
    /// # Errors
    /// Returns the standard error of the command.
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

    /// Returns the peer's log since its last start.
    #[must_use]
    pub fn peer_log(&self) -> String {
        if let Some(pods) = self.pods() {
            return pods.peer_log();
        }
        fs::read_to_string(self.peer_folder().join("logs/peer.log")).unwrap_or_default()
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

/// Returns the folder of all networks.
fn folder() -> Result<PathBuf> {
    Ok(cache::root()?.join("networks"))
}

/// Returns the owner under which the network's host names are registered.
fn owner(name: &str) -> String {
    format!("network {name}")
}

/// Ends the network of that name, whatever state it is in, and removes it.
///
/// # Errors
/// Returns an error if a process of it does not end.
pub fn down(name: &str) -> Result<()> {
    end(name)?;
    remove(&folder()?.join(name))
}

/// Ends a network's processes and takes its names away.
fn end(name: &str) -> Result<()> {
    check_name(name)?;
    let folder = folder()?.join(name);
    if let Ok(network) = Network::find(name)
        && let Some(pods) = network.pods()
    {
        pods.delete()?;
    }
    processes::kill_all(|| {
        let processes = processes::of(&folder)?;
        Ok(processes.iter().map(|process| process.pid).collect())
    })?;
    machine::remove_host(&owner(name))
}

/// Ends all networks.
///
/// # Errors
/// Returns an error if a process of one does not end.
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
