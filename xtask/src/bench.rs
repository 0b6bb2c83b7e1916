//! `cargo xtask bench`: measures chainpod's speed and memory next to Kubernetes' own, in one run, because
//! figures of different runs cannot be compared.

mod bare;
mod containers;
mod figures;
mod launch;
mod memory;
mod relaunch;
mod sides;
mod stop;
mod trace;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};
use harness::chainpod::{self, Chainpod, Profile};
use lab::cluster::Cluster;
use lab::progress::Progress;

use self::bare::Bare;
use self::figures::Figures;

/// The image of all: Fabric's own base of Go chaincode.
const IMAGE: &str = "hyperledger/fabric-baseos:2.5";

/// The measurement.
#[derive(Subcommand)]
pub(crate) enum Bench {
    /// Create, upload and start, until the program's first instruction, compared with bare Pods and dockerd.
    Launch(Options),
    /// From a chaincode's crash to the next query's answer, with a real peer, compared with bare Pods.
    Relaunch(Options),
    /// From the stop of a program that ends on TERM to the answer, compared with bare Pods and dockerd.
    Stop(Options),
    /// chainpod's resident memory: idle, and how much a build and an upload of 200 MB raise it.
    Memory(Options),
}

/// Options of each.
#[derive(Args)]
pub(crate) struct Options {
    /// Writes the figures there.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// The number of rounds. Each round measures every variant once.
    #[arg(long, default_value_t = 10)]
    rounds: usize,
}

/// Does the measurement. The lab stays up.
///
/// # Errors
/// Returns the lab's error, or an error if a Pod does not run.
pub(crate) fn run(bench: Bench) -> Result<()> {
    let (name, options, measure): (_, _, fn(&Setting, usize) -> Result<Figures>) = match bench {
        Bench::Launch(options) => ("launch", options, launch::measure),
        Bench::Relaunch(options) => ("relaunch", options, relaunch::measure),
        Bench::Stop(options) => ("stop", options, stop::measure),
        Bench::Memory(options) => ("memory", options, memory::measure),
    };
    let progress = Progress::new(&format!("bench {name}"));
    let cluster = Cluster::up(&progress)?;
    let daemon = chainpod::build(&cluster, Profile::Release, &progress)?;
    let setting = Setting {
        name,
        cluster,
        daemon,
        progress,
    };
    let figures = measure(&setting, options.rounds)?;
    setting.progress.finish();
    print!("{figures}");
    match options.json {
        Some(file) => figures.write(&file),
        None => Ok(()),
    }
}

/// The setting of every measurement.
struct Setting {
    name: &'static str,
    cluster: Cluster,
    daemon: PathBuf,
    progress: Progress,
}

impl Setting {
    /// Bare Pods in a namespace of their own.
    fn bare(&self) -> Result<Bare> {
        Bare::new(&self.cluster, &format!("bench-{}-bare", self.name))
    }

    /// A chainpod with a namespace of its own.
    fn chainpod(&self) -> Result<Chainpod> {
        self.chainpod_with(&format!("bench-{}", self.name), &[])
    }

    fn chainpod_with(&self, namespace: &str, options: &[String]) -> Result<Chainpod> {
        Chainpod::start_with(&self.cluster, &self.daemon, namespace, options)
    }

    fn rounds(&self, rounds: usize, mut round: impl FnMut(usize) -> Result<()>) -> Result<()> {
        self.progress.step(&format!("{rounds} rounds"), || {
            (0..rounds).try_for_each(&mut round)
        })
    }
}
