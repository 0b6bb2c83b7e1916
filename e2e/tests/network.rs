//! The lab's Fabric networks are real: their channel is joined, and their peers call Docker at the configured
//! endpoint.

use harness::{TestNetwork, lab};
use lab::docker_tls::DockerTls;
use lab::network::{Fabric, NetworkOptions, Package};
use lab::progress::Progress;

/// Nobody listens there.
const NO_DOCKER: &str = "tcp://127.0.0.1:1";
/// The error of each peer's version without Docker, with a part of the network's name.
const VERSIONS: [(Fabric, &str, &str); 3] = [
    (
        Fabric::V1_4,
        "14",
        "error starting container: cannot connect to Docker endpoint",
    ),
    (
        Fabric::V2_1,
        "21",
        "could not build chaincode: docker build failed: docker image inspection failed: cannot connect to Docker endpoint",
    ),
    (
        Fabric::V2_5,
        "25",
        "could not build chaincode: docker build failed: docker image inspection failed: cannot connect to Docker endpoint",
    ),
];

#[test]
fn a_channel_is_joined_and_chaincode_without_docker_fails_with_the_peers_own_error() {
    let progress = Progress::new("network");
    for (fabric, name, expected) in VERSIONS {
        let options = NetworkOptions::new(&format!("nodocker{name}"), NO_DOCKER).fabric(fabric);
        let network = TestNetwork::of(&options, &progress);
        let info = network.getinfo().unwrap();
        assert!(info.contains("\"height\":1"), "{fabric}: {info}");
        let package = Package::go_for(fabric, "kv_1", &progress).unwrap();
        let error = format!("{:#}", network.deploy(&package).unwrap_err());
        assert!(error.contains(expected), "{fabric}: {error}");
    }
}

#[test]
fn two_peers_without_tls_join_the_channel_and_one_restarts() {
    let progress = Progress::new("network");
    for (fabric, name, _) in VERSIONS {
        let options = NetworkOptions::new(&format!("notls{name}"), NO_DOCKER).fabric(fabric);
        let options = options.no_tls().docker_tls(DockerTls::lab().unwrap()).peers(2);
        let network = TestNetwork::of(&options, &progress);
        let [first, second] = &network.peers().collect::<Vec<_>>()[..] else {
            panic!("two peers were asked for");
        };
        assert_eq!(first.getinfo().unwrap(), second.getinfo().unwrap());
        second.stop_peer().unwrap();
        assert!(second.getinfo().is_err() && first.getinfo().is_ok());
        second.start_peer().unwrap();
        assert_eq!(first.getinfo().unwrap(), second.getinfo().unwrap());
    }
}
