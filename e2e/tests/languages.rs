//! The main job in Node.js and Java: what chaincode depends on is fetched by its build,
//! in a Pod, through a CA that no image knows.

use chainpod_e2e::main_job;
use lab::matrix::Cell;
use lab::network::{Fabric, Language};

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
