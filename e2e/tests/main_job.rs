//! The main job on real programs: peers of three versions, an API server, a kubelet
//! and containerd.

use std::path::Path;

use harness::chainpod::Chainpod;
use harness::matrix::Cell;
use harness::{lab, main_job, told};
use lab::cluster::Cluster;
use lab::docker_tls::DockerTls;
use lab::network::{Fabric, Language, NetworkOptions};

const fn go(fabric: Fabric, tls: bool) -> Cell {
    let language = Language::Go;
    Cell {
        language,
        fabric,
        tls,
    }
}

#[test]
fn a_2_5_peer_installs_commits_invokes_crashes_upgrades_and_restarts() {
    main_job(go(Fabric::V2_5, true));
}

#[test]
fn a_2_1_peer_installs_commits_invokes_crashes_upgrades_and_restarts() {
    main_job(go(Fabric::V2_1, true));
}

#[test]
fn a_1_4_peer_instantiates_invokes_crashes_upgrades_and_restarts() {
    main_job(go(Fabric::V1_4, true));
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn a_2_5_peer_does_so_without_tls() {
    main_job(go(Fabric::V2_5, false));
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn a_2_1_peer_does_so_without_tls() {
    main_job(go(Fabric::V2_1, false));
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn a_1_4_peer_does_so_without_tls() {
    main_job(go(Fabric::V1_4, false));
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn a_2_5_peer_does_so_where_docker_wants_its_certificate() {
    let tls = DockerTls::lab().unwrap();
    let serve = |cluster: &Cluster, daemon: &Path, name: &str| {
        Chainpod::start_with_tls(cluster, daemon, name, tls.clone())
    };
    let with = |options: NetworkOptions| options.docker_tls(tls.clone());
    told(go(Fabric::V2_5, true), "mainjobdockertls", serve, with).unwrap();
}
