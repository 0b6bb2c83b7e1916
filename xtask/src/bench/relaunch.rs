//! `bench relaunch`: a real peer, and chaincode that crashes.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use lab::network::{Network, NetworkOptions, Package};

use super::bare::Shape;
use super::{Figures, Setting, trace};

const EMPTY_DIR: &str = "bare pod with one emptyDir";
const QUERY: &str = "a query of chaincode that runs";
const RELAUNCH: &str = "crash to the next query's answer";
const WITHOUT: &str = "that, less a query";
/// The name of the network.
const NETWORK: &str = "benchrelaunch";
/// Chaincode that crashes has run for longer than chainpod holds its start (5 s), and its peer knows.
const LIFE: Duration = Duration::from_secs(6);

/// Measures it.
pub(super) fn measure(setting: &Setting, rounds: usize) -> Result<Figures> {
    let bare = setting.bare()?;
    let chainpod = setting.chainpod()?;
    let package = Package::go("kv_1", &setting.progress)?;
    let options = NetworkOptions::new(NETWORK, &chainpod.endpoint());
    let network = Network::up(&options, &setting.progress)?;
    let mut figures = Figures::new("seconds", &[(WITHOUT, EMPTY_DIR)]);
    let measured = setting
        .progress
        .step("installing chaincode", || {
            network.deploy(&package)?;
            query(&network)
        })
        .and_then(|_| {
            setting.rounds(rounds, |round| {
                figures.add(
                    EMPTY_DIR,
                    bare.launch(&format!("volume-{round}"), Shape::EmptyDir)?,
                );
                std::thread::sleep(LIFE);
                let query = query(&network)?;
                let relaunch = relaunch(&network)?;
                figures.add(QUERY, query);
                figures.add(RELAUNCH, relaunch);
                figures.add(WITHOUT, relaunch - query);
                Ok(())
            })
        });
    network.down()?;
    measured?;
    figures.note(trace::of_last_launch(&chainpod.log()));
    Ok(figures)
}

/// From the crash to the next query's answer.
fn relaunch(network: &Network) -> Result<f64> {
    if let Ok(answer) = network.query("kv", "crash", &["7"]) {
        bail!("a crashed chaincode answered {answer:?}");
    }
    query(network)
}

/// A query by the peer's command line, in seconds.
fn query(network: &Network) -> Result<f64> {
    let started = Instant::now();
    network.query("kv", "host", &[])?;
    Ok(started.elapsed().as_secs_f64())
}
