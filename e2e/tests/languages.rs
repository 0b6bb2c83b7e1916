//! The main job in Node.js and Java: what chaincode depends on is fetched by its build,
//! in a Pod, through a CA that no image knows.

use harness::chainpod::{Chainpod, Registries};
use harness::matrix::Cell;
use harness::{TestNetwork, lab, main_job};
use lab::docker_tls::DockerTls;
use lab::network::{Fabric, Language, NetworkOptions, Package};
use lab::progress::Progress;

/// An address at which nothing listens in any Pod.
const NO_REGISTRY: &str = "http://127.0.0.1:9";

fn node(fabric: Fabric, tls: bool) {
    main_job(Cell {
        language: Language::Node,
        fabric,
        tls,
    });
}

fn java(fabric: Fabric, tls: bool) {
    main_job(Cell {
        language: Language::Java,
        fabric,
        tls,
    });
}

#[test]
fn a_2_5_peer_does_the_main_job_in_node() {
    node(Fabric::V2_5, true);
}

#[test]
fn a_2_5_peer_does_the_main_job_in_java() {
    java(Fabric::V2_5, true);
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn a_2_5_peer_does_it_in_node_without_tls() {
    node(Fabric::V2_5, false);
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn a_2_1_peer_does_it_in_node() {
    node(Fabric::V2_1, true);
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn a_2_1_peer_does_it_in_node_without_tls() {
    node(Fabric::V2_1, false);
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn a_1_4_peer_does_it_in_node() {
    node(Fabric::V1_4, true);
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn a_1_4_peer_does_it_in_node_without_tls() {
    node(Fabric::V1_4, false);
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn a_2_5_peer_does_it_in_java_without_tls() {
    java(Fabric::V2_5, false);
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn a_2_1_peer_does_it_in_java() {
    java(Fabric::V2_1, true);
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn a_2_1_peer_does_it_in_java_without_tls() {
    java(Fabric::V2_1, false);
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn a_1_4_peer_does_it_in_java() {
    java(Fabric::V1_4, true);
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn a_1_4_peer_does_it_in_java_without_tls() {
    java(Fabric::V1_4, false);
}

/// Returns the error that the user of the peer's command line reads if builds reach their registry only
/// through `registries`.
fn install_fails(name: &str, language: Language, registries: &Registries) -> String {
    let progress = Progress::new(name);
    let (cluster, daemon) = lab(&progress);
    let chainpod = Chainpod::start_for(language, registries, &cluster, &daemon, name).unwrap();
    let network = TestNetwork::of(&NetworkOptions::new(name, &chainpod.endpoint()), &progress);
    let package = Package::in_language(Fabric::V2_5, language, "kv_1", &progress).unwrap();
    format!("{:#}", network.install(&package).unwrap_err())
}

#[test]
fn a_build_that_does_not_reach_its_registry_says_so_and_which_setting_helps() {
    let registries = Registries::of_this_machine().unwrap();
    let registries = registries
        .env("npm_config_registry", NO_REGISTRY)
        .env("npm_config_fetch_retries", "0")
        // With a lock file npm says nothing else.
        .env("npm_config_loglevel", "http");
    let error = install_fails("noregistry", Language::Node, &registries);
    for words in [
        "failed with ECONNREFUSED",
        "npm error",
        "chainpod: ",
        "set env npm_config_registry",
    ] {
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn a_build_that_does_not_trust_its_registry_says_so_and_which_setting_helps() {
    let foreign = DockerTls::lab().unwrap();
    let registries = Registries::of_this_machine().unwrap().trusting(&foreign.ca());
    let error = install_fails("notrust", Language::Java, &registries);
    for words in [
        "PKIX path building failed",
        "chainpod: ",
        "set caBundle in chainpod's rules",
    ] {
        assert!(error.contains(words), "{error}");
    }
}
