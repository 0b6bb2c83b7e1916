//! The main job on real programs: a 2.5 peer, an API server, a kubelet and containerd.

use chainpod_e2e::TestNetwork;
use lab::chainpod::{self, Chainpod, Profile};
use lab::cluster::Cluster;
use lab::network::Package;
use lab::progress::Progress;
use lab::story;

#[test]
fn a_peer_installs_commits_invokes_and_survives_a_crash() {
    let progress = Progress::new("main job");
    let cluster = Cluster::running().expect("no lab runs: cargo xtask lab up");
    let daemon = chainpod::build(&cluster, Profile::Dev, &progress).unwrap();
    let chainpod = Chainpod::start(&cluster, &daemon, "main-job").unwrap();
    let network = TestNetwork::up("mainjob", &chainpod.endpoint(), &progress);
    let package = Package::go("kv_1", &progress).unwrap();
    let told = story::run(&cluster, &network, &chainpod, &package, &mut |turn| {
        println!(
            "{} ({:.1} s): {}",
            turn.asked,
            turn.took.as_secs_f64(),
            turn.answered.trim()
        );
    });
    if let Err(error) = told {
        panic!("{error:#}\nchainpod's log:\n{}", chainpod.log());
    }
}
