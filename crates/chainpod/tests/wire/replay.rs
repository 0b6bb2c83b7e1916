//! Recorded peers: the requests of seven of them to a real Docker Engine are sent to chainpod's router, in the
//! same order and overlap. The replies are compared: status, headers, the body's shape, and the whole text of
//! errors. Accepted differences are in [`exceptions`].

mod client;
mod compare;
mod content;
mod exceptions;
mod explained;
mod player;
mod recording;

use std::path::Path;

use self::player::Player;
use self::recording::Recording;

/// The directory of the recordings.
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../testkit/fixtures");
/// The names of the recordings.
const RECORDINGS: [&str; 7] = [
    "fabric-1.4.12",
    "fabric-1.4.12-pull-fails",
    "fabric-2.1.1",
    "fabric-2.2.15",
    "fabric-2.5.9",
    "fabric-2.5.16",
    "fabric-3.1.5",
];

fn read(name: &str) -> Recording {
    Recording::read(&Path::new(FIXTURES).join(format!("{name}.json")))
}

#[tokio::test]
async fn recorded_peers_are_answered_as_docker_answered_them() {
    let replays = RECORDINGS.map(|name| async move {
        let recording = read(name);
        let differences = Player::new(&recording).await.play().await;
        differences.into_iter().map(move |text| format!("{name} {text}"))
    });
    let differences = futures::future::join_all(replays).await.into_iter().flatten();
    let differences: Vec<_> = differences.collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    let unmet: [&str; 0] = [];
    assert_eq!(exceptions::unmet(), unmet, "exceptions that no recording needs");
}
