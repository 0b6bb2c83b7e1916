//! The main job on real programs: peers of three versions, an API server, a kubelet
//! and containerd.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use chainpod_e2e::{TestNetwork, lab};
use lab::chainpod::Chainpod;
use lab::cluster::Cluster;
use lab::docker_tls::DockerTls;
use lab::network::{Fabric, NetworkOptions};
use lab::progress::Progress;
use lab::story;

/// How long the answer to a start is held back to see whether chaincode dies at once.
const HELD: Duration = Duration::from_secs(5);

#[test]
fn a_2_5_peer_installs_commits_invokes_crashes_upgrades_and_restarts() {
    the_story_of(Fabric::V2_5, "mainjob25", |options| options);
}

#[test]
fn a_2_1_peer_installs_commits_invokes_crashes_upgrades_and_restarts() {
    the_story_of(Fabric::V2_1, "mainjob21", |options| options);
}

#[test]
fn a_1_4_peer_instantiates_invokes_crashes_upgrades_and_restarts() {
    the_story_of(Fabric::V1_4, "mainjob14", |options| options);
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn a_2_5_peer_does_so_without_tls() {
    the_story_of(Fabric::V2_5, "mainjobnotls", NetworkOptions::no_tls);
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn a_2_5_peer_does_so_where_docker_wants_its_certificate() {
    let tls = DockerTls::lab().unwrap();
    let serve = |cluster: &Cluster, daemon: &Path, name: &str| {
        Chainpod::start_with_tls(cluster, daemon, name, tls.clone())
    };
    let with = |options: NetworkOptions| options.docker_tls(tls.clone());
    the_story_told(Fabric::V2_5, "mainjobdockertls", serve, with);
}

fn the_story_of(fabric: Fabric, name: &str, with: impl FnOnce(NetworkOptions) -> NetworkOptions) {
    the_story_told(fabric, name, Chainpod::start, with);
}

fn the_story_told(
    fabric: Fabric,
    name: &str,
    serve: impl FnOnce(&Cluster, &Path, &str) -> Result<Chainpod>,
    with: impl FnOnce(NetworkOptions) -> NetworkOptions,
) {
    let progress = Progress::new(name);
    let (cluster, daemon) = lab(&progress);
    let chainpod = serve(&cluster, &daemon, name).unwrap();
    let options = NetworkOptions::new(name, &chainpod.endpoint()).fabric(fabric);
    let network = TestNetwork::of(&with(options), &progress);
    let mut relaunch = Duration::MAX;
    let told = story::run(&cluster, &network, &chainpod, &progress, &mut |turn| {
        println!(
            "{fabric}: {} ({:.1} s): {}",
            turn.asked,
            turn.took.as_secs_f64(),
            turn.answered.trim()
        );
        if turn.asked == story::RELAUNCH {
            relaunch = turn.took;
        }
    });
    if let Err(error) = told {
        panic!(
            "{error:#}\nchainpod's log:\n{}\nthe peer's:\n{}",
            chainpod.log(),
            network.peer_log()
        );
    }
    assert!(relaunch < HELD, "a launch that goes well waits: {relaunch:?}");
}
