//! The rules that peers depend on, each with tests of its name: `rule_N_…` is wire rule N of
//! `docs/architecture.md` (for example `docs/architecture.md#wire-rule-7`).

mod attribution;
mod builds;
mod clients;
mod launches;
mod streams;

use crate::world::{Script, World};

/// The image of a chaincode.
pub(crate) const IMAGE: &str = "dev-peer0-kv1-ab";
/// A container of that image.
pub(crate) const NAME: &str = "dev-peer0-kv1";
/// The image in which chaincode is built.
pub(crate) const CCENV: &str = "hyperledger/fabric-ccenv:2.5";

/// Returns a world in which the chaincode's image has been built and the compiler's image was pulled.
pub(crate) async fn world() -> World {
    let world = World::new().await;
    let built = world
        .build(
            IMAGE,
            "FROM hyperledger/fabric-baseos:2.5\nADD chaincode /usr/local/bin/",
            &[("chaincode", b"ELF")],
        )
        .await;
    assert!(built.starts_with("HTTP/1.1 200 "), "{built}");
    world
        .expect(
            200,
            "POST",
            "/images/create?fromImage=hyperledger/fabric-ccenv&tag=2.5",
            "",
        )
        .await;
    world
}

/// Creates a container that runs the chaincode.
pub(crate) async fn create(world: &World) {
    let body = format!(r#"{{"Image": "{IMAGE}", "Cmd": ["chaincode"]}}"#);
    let path = format!("/containers/create?name={NAME}");
    world.expect(201, "POST", &path, body).await;
}

/// Creates and starts a container that writes that log and ends with that code.
pub(crate) async fn launch(world: &mut World, log: &str, exit_code: i64) {
    create(world).await;
    start(world, log, exit_code).await;
}

async fn start(world: &mut World, log: &str, exit_code: i64) {
    let script = Script {
        log: log.as_bytes().to_vec(),
        exit_code,
        output: None,
    };
    world.play(NAME, NAME, script);
    world
        .expect(204, "POST", &format!("/containers/{NAME}/start"), "")
        .await;
}
