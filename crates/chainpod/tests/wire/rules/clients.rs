//! The clients, and the texts that they look for.

use super::{CCENV, NAME, create, launch, world};
use crate::raw::{PATIENCE, is_silent};

#[tokio::test]
async fn rule_1_two_clients_with_any_version_or_none() {
    let world = world().await;
    let ping = world.expect(200, "HEAD", "/_ping", "").await;
    assert!(ping.contains("\r\nbuilder-version: 1\r\n"), "{ping}");
    let (_, version) = ping.split_once("\r\napi-version: 1.").unwrap();
    let minor: u32 = version.split_once("\r\n").unwrap().0.parse().unwrap();
    assert!(minor >= 45, "{ping}");
    for prefix in ["", "/v1.25", "/v1.45", "/v1.54", "/v1.99"] {
        world
            .expect(200, "GET", &format!("{prefix}/images/{CCENV}/json"), "")
            .await;
        world.expect(200, "GET", &format!("{prefix}/version"), "").await;
    }
}

#[tokio::test]
async fn rule_1_ping_does_not_depend_on_the_api_server() {
    let world = world().await;
    world.cluster.hang();
    let mut asking = world
        .send("GET /containers/unknown/json HTTP/1.1\r\nhost: d\r\n\r\n")
        .await;
    assert!(is_silent(&mut asking).await);
    for method in ["GET", "HEAD"] {
        world.expect(200, method, "/v1.45/_ping", "").await;
    }
}

#[tokio::test]
async fn rule_5_no_such_image_is_said_in_dockers_words() {
    let world = world().await;
    let inspected = world.expect(404, "GET", "/images/dev-peer9/json", "").await;
    assert!(
        inspected.ends_with("\r\n\r\n{\"message\":\"No such image: dev-peer9:latest\"}\n"),
        "{inspected}"
    );
    let created = world
        .expect(
            404,
            "POST",
            "/containers/create",
            r#"{"Image": "dev-peer9", "Cmd": ["x"]}"#,
        )
        .await;
    assert!(
        created.ends_with("{\"message\":\"No such image: dev-peer9:latest\"}\n"),
        "{created}"
    );
}

#[tokio::test]
async fn rule_5_a_pull_remembers_and_its_id_is_stable() {
    let world = world().await;
    let id = async || {
        let answer = world
            .expect(200, "GET", &format!("/images/{CCENV}/json"), "")
            .await;
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        body["Id"].as_str().unwrap().to_owned()
    };
    let first = id().await;
    let pulled = world
        .expect(200, "POST", &format!("/images/create?fromImage={CCENV}"), "")
        .await;
    assert!(pulled.contains("\"status\":"), "{pulled}");
    assert_eq!(id().await, first);
}

#[tokio::test]
async fn rule_11_docker_io_and_the_short_name_are_one_image() {
    let world = world().await;
    let path = "/images/create?fromImage=docker.io%2Fhyperledger%2Ffabric-nodeenv&tag=2.5";
    world.expect(200, "POST", path, "").await;
    for name in [
        "hyperledger/fabric-nodeenv:2.5",
        "docker.io/hyperledger/fabric-nodeenv:2.5",
    ] {
        world
            .expect(200, "GET", &format!("/images/{name}/json"), "")
            .await;
        let body = format!(r#"{{"Image": "{name}", "Cmd": ["go", "version"]}}"#);
        world.expect(201, "POST", "/containers/create", body).await;
    }
}

/// The runtime controls the clock: time passes when nothing else happens.
#[tokio::test(start_paused = true)]
async fn rule_12_a_start_that_comes_to_nothing_is_answered_before_the_peer_gives_up() {
    let world = world().await;
    create(&world).await;
    let began = tokio::time::Instant::now();
    // This container's agent never connects.
    let reference = world.engine.inspect(NAME).await.unwrap().container.id.0;
    let failed = world.engine.start(&reference).await.unwrap_err().to_string();
    assert!(failed.contains("did not start within"), "{failed}");
    let took = began.elapsed();
    assert!(PATIENCE < took && took.as_secs() < 300, "{took:?}");
}

#[tokio::test]
async fn rule_13_a_program_that_ended_is_not_run_again_by_itself() {
    let mut world = world().await;
    launch(&mut world, "", 7).await;
    let pods = world.cluster.pods();
    world.exit(NAME);
    let wait = format!("/containers/{NAME}/wait");
    world.expect(200, "POST", &wait, "").await;
    tokio::time::sleep(crate::raw::MOMENT).await;
    assert!(world.cluster.pods().iter().all(|pod| pods.contains(pod)));
    let inspected = world
        .expect(200, "GET", &format!("/containers/{NAME}/json"), "")
        .await;
    assert!(
        inspected.contains("\"Status\":\"exited\"") && inspected.contains("\"RestartCount\":0"),
        "{inspected}"
    );
}
