//! The request for a build container does not name the chaincode that is compiled in it. The open builds from
//! the same address do.

use engine::container::Container;
use tokio::net::TcpStream;

use super::{CCENV, world};
use crate::raw::is_silent;
use crate::world::World;

const PACKAGE: &str = "477e9776d271bc0497912643ec86ff0fd50959040ae6cc0b52cd24c6d5917f68";
const HASH: &str = "eea990d31825b6b3e64a2e03c05a361700ca011b282b48a4df9f59a1aeef943b";

/// The known attributes of a container: chaincode, peer and MSP.
type Known = [Option<String>; 3];

fn known(chaincode: &str, peer: &str, msp: &str) -> Known {
    [chaincode, peer, msp].map(|text| Some(text.to_owned()).filter(|text| !text.is_empty()))
}

fn of(container: &Container) -> Known {
    [container.chaincode(), container.peer(), container.msp()].map(|text| text.map(str::to_owned))
}

/// Returns the name of a 2.x peer's image.
fn image(peer: &str, label: &str) -> String {
    format!("dev-{peer}-{label}-{PACKAGE}-{HASH}")
}

async fn open(world: &World, image: &str) -> TcpStream {
    let mut build = world.open(&format!("/build?t={image}")).await;
    assert!(is_silent(&mut build).await);
    build
}

/// Creates a container of the compiler's image.
async fn compiler(world: &World, name: &str) -> Known {
    let body = format!(r#"{{"Image": "{CCENV}", "Cmd": ["go", "build"]}}"#);
    world
        .expect(201, "POST", &format!("/containers/create?name={name}"), body)
        .await;
    of(&world.engine.inspect(name).await.unwrap().container)
}

/// Creates a container of the chaincode, whose image has been built.
async fn chaincode(world: &World, name: &str, msp: &str) {
    let env = format!("CORE_PEER_LOCALMSPID={msp}");
    let body = format!(
        r#"{{"Image": "{}", "Cmd": ["chaincode"], "Env": ["{env}"]}}"#,
        super::IMAGE
    );
    world
        .expect(201, "POST", &format!("/containers/create?name={name}"), body)
        .await;
}

#[tokio::test]
async fn a_build_container_is_its_open_builds_as_far_as_that_is_certain() {
    let world = world().await;
    assert_eq!(compiler(&world, "before").await, known("", "", ""));
    let first = open(&world, &image("peer0.org1", "kv_1")).await;
    assert_eq!(compiler(&world, "one").await, known("kv_1", "peer0.org1", ""));
    let second = open(&world, &image("peer0.org1", "other_1")).await;
    assert_eq!(compiler(&world, "two").await, known("", "peer0.org1", ""));
    let third = open(&world, &image("peer1.org1", "kv_1")).await;
    assert_eq!(compiler(&world, "three").await, known("", "", ""));
    drop(second);
    until_closed(&world, "after", known("kv_1", "", "")).await;
    drop((first, third));
    until_closed(&world, "last", known("", "", "")).await;
    let _no_peers = open(&world, "own:1").await;
    assert_eq!(compiler(&world, "own").await, known("", "", ""));
}

/// Waits until a new container has these attributes: a build whose client has gone ends a moment later.
async fn until_closed(world: &World, name: &str, expected: Known) {
    let mut last = known("", "", "");
    for attempt in 0..100 {
        last = compiler(world, &format!("{name}-{attempt}")).await;
        if last == expected {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(last, expected);
}

#[tokio::test]
async fn a_peers_chaincode_tells_its_msp_and_how_it_is_spelled() {
    let world = world().await;
    chaincode(&world, &format!("dev-Peer0.Org1-KV_1-{PACKAGE}"), "Org1MSP").await;
    chaincode(&world, &format!("dev-peer0.org2-kv_1-{PACKAGE}"), "Org2MSP").await;
    let _build = open(&world, &image("peer0.org1", "kv_1")).await;
    assert_eq!(
        compiler(&world, "one").await,
        known("KV_1", "Peer0.Org1", "Org1MSP")
    );
}

#[tokio::test]
async fn a_1_4_peer_says_it_when_it_misses_the_image() {
    let world = world().await;
    let image = format!("dev-peer-0.org1-my-kv-1.0-rc-{HASH}");
    let body = format!(
        r#"{{"Image": "{image}", "Cmd": ["chaincode"], "Env": ["CORE_CHAINCODE_ID_NAME=My-kv:1.0-rc"]}}"#
    );
    let path = "/containers/create?name=dev-peer-0.org1-My-kv-1.0-rc";
    world.expect(404, "POST", path, body).await;
    let _build = open(&world, &image).await;
    assert_eq!(compiler(&world, "one").await, known("My-kv", "peer-0.org1", ""));
}

#[tokio::test]
async fn a_build_that_was_still_on_its_way_is_known_at_the_start() {
    let world = world().await;
    assert_eq!(compiler(&world, "early").await, known("", "", ""));
    let _build = open(&world, &image("peer0.org1", "kv_1")).await;
    let start = tokio::spawn({
        let (address, engine) = (world.address, world.engine.clone());
        async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let call = b"POST /containers/early/start HTTP/1.1\r\nhost: d\r\ncontent-length: 0\r\n\r\n";
            tokio::io::AsyncWriteExt::write_all(&mut stream, call)
                .await
                .unwrap();
            loop {
                let container = engine.inspect("early").await.unwrap().container;
                if container.starts > 0 {
                    return of(&container);
                }
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        }
    });
    assert_eq!(start.await.unwrap(), known("kv_1", "peer0.org1", ""));
}
