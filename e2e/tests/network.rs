//! The lab's Fabric network is a real one: its channel is joined, and its peer
//! calls Docker where it is told to.

use chainpod_e2e::TestNetwork;
use lab::network::Package;
use lab::progress::Progress;

#[test]
fn a_channel_is_joined_and_an_install_without_docker_fails_with_the_peers_own_error() {
    let progress = Progress::new("network");
    let network = TestNetwork::up("nodocker", "tcp://127.0.0.1:1", &progress);
    let info = network.getinfo().unwrap();
    assert!(info.contains("\"height\":1"), "{info}");
    let package = Package::go("kv_1", &progress).unwrap();
    let error = format!("{:#}", network.install(&package).unwrap_err());
    assert!(
        error.contains("docker image inspection failed: cannot connect to Docker endpoint"),
        "{error}"
    );
}
