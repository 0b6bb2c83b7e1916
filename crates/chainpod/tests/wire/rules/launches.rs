//! Relaunches under the same name, again and again.

use super::{NAME, create, launch, start, world};
use crate::raw::{head, rest};

#[tokio::test]
async fn rule_10_every_launch_first_takes_away_what_may_be_there() {
    let mut world = world().await;
    let path = |operation: &str| format!("/containers/{NAME}{operation}");
    let stop = path("/stop?t=0");
    // First there is no container, then one that has ended, then one that runs.
    let expected = [(404, 404, 404), (304, 409, 204), (204, 409, 204)];
    for (number, (stopped, killed, removed)) in expected.into_iter().enumerate() {
        world.expect(stopped, "POST", &stop, "").await;
        world.expect(killed, "POST", &path("/kill"), "").await;
        world.expect(removed, "DELETE", &path("?force=1"), "").await;
        launch(&mut world, "", 7).await;
        if number == 0 {
            world.exit(NAME);
            world.expect(200, "POST", &path("/wait"), "").await;
        }
    }
}

#[tokio::test]
async fn rule_10_kill_and_forced_removal_end_what_runs() {
    let mut world = world().await;
    let path = |operation: &str| format!("/containers/{NAME}{operation}");
    for (method, operation) in [("POST", "/stop?t=0"), ("POST", "/kill"), ("DELETE", "?force=1")] {
        launch(&mut world, "", 137).await;
        let request = format!(
            "POST {} HTTP/1.1\r\nhost: d\r\nconnection: close\r\n\r\n",
            path("/wait")
        );
        let mut waiting = world.send(request).await;
        head(&mut waiting).await;
        world.expect(204, method, &path(operation), "").await;
        assert!(
            rest(&mut waiting).await.contains("{\"StatusCode\":137}"),
            "{operation}"
        );
        world.call("DELETE", &path("?force=1"), "").await;
        world.expect(404, "GET", &path("/json"), "").await;
    }
}

#[tokio::test]
async fn a_name_in_use_and_an_illegal_phase_are_conflicts_in_dockers_words() {
    let mut world = world().await;
    create(&world).await;
    let path = |operation: &str| format!("/containers/{NAME}{operation}");
    let body = format!(r#"{{"Image": "{}", "Cmd": ["x"]}}"#, super::IMAGE);
    let taken = world
        .expect(409, "POST", &format!("/containers/create?name={NAME}"), body)
        .await;
    let conflict =
        format!("Conflict. The container name \\\"/{NAME}\\\" is already in use by container \\\"");
    assert!(taken.contains(&conflict), "{taken}");
    start(&mut world, "", 0).await;
    world.expect(304, "POST", &path("/start"), "").await;
    let running = world.expect(409, "DELETE", &path(""), "").await;
    assert!(
        running.contains("You cannot remove a running container"),
        "{running}"
    );
    world.expect(409, "PUT", &path("/archive?path=/"), "").await;
    world.exit(NAME);
    world.expect(200, "POST", &path("/wait"), "").await;
    let killed = world.expect(409, "POST", &path("/kill"), "").await;
    assert!(
        killed.contains(&format!("cannot kill container: {NAME}: container ")),
        "{killed}"
    );
}
