//! The main job, told to its end by a test.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use lab::cluster::Cluster;
use lab::network::{Language, NetworkOptions};
use lab::progress::Progress;

use crate::chainpod::{Chainpod, Registries};
use crate::matrix::Cell;
use crate::story;
use crate::{TestNetwork, lab};

/// The time for which the answer to a start is held back, to see whether chaincode dies at once.
const HELD: Duration = Duration::from_secs(5);

/// Does the main job of that peer in that language and notes the result for the table. A job that cannot work
/// must fail with its own reason.
///
/// # Panics
/// Panics if a turn fails: with chainpod's log and the peer's.
pub fn main_job(cell: Cell) {
    let serve = |cluster: &Cluster, daemon: &Path, name: &str| match cell.language {
        Language::Go => Chainpod::start(cluster, daemon, name),
        language => Chainpod::start_for(language, &Registries::of_this_machine()?, cluster, daemon, name),
    };
    let with = |options: NetworkOptions| if cell.tls { options } else { options.no_tls() };
    cell.note("FAILED: it did not come to an end").unwrap();
    let outcome = told(cell, &cell.name(), serve, with);
    match (cell.obstacle(), outcome) {
        (None, Ok(took)) => cell
            .note(&format!("passed, {:.0} s", took.as_secs_f64()))
            .unwrap(),
        (Some(obstacle), Err(error)) => {
            let error = format!("{error:#}");
            assert!(error.contains(obstacle.error), "{error}");
            cell.note(&format!("cannot: {}", obstacle.reason)).unwrap();
        }
        (None, Err(error)) => panic!("{error:#}"),
        (Some(obstacle), Ok(_)) => panic!("it works, in spite of {obstacle:?}"),
    }
}

/// Does the main job with a chainpod and a network of the test's own, and returns its duration.
///
/// # Errors
/// Returns the error of the turn that failed, with chainpod's log and the peer's.
///
/// # Panics
/// Panics if no lab runs, or something does not start.
pub fn told(
    cell: Cell,
    name: &str,
    serve: impl FnOnce(&Cluster, &Path, &str) -> Result<Chainpod>,
    with: impl FnOnce(NetworkOptions) -> NetworkOptions,
) -> Result<Duration> {
    let Cell { language, fabric, .. } = cell;
    let progress = Progress::new(name);
    let (cluster, daemon) = lab(&progress);
    let chainpod = serve(&cluster, &daemon, name)?;
    let options = NetworkOptions::new(name, &chainpod.endpoint()).fabric(fabric);
    let network = TestNetwork::of(&with(options), &progress);
    let mut relaunch = Duration::MAX;
    let started = Instant::now();
    let story = story::run(&cluster, &network, &chainpod, language, &progress, &mut |turn| {
        println!(
            "{fabric}: {} ({:.1} s): {}",
            turn.asked,
            turn.took.as_secs_f64(),
            turn.answered.trim()
        );
        if turn.asked == story::RELAUNCH {
            relaunch = turn.took;
        }
    });
    story.with_context(|| {
        println!(
            "chainpod's log:\n{}\nthe peer's:\n{}",
            chainpod.log(),
            network.peer_log()
        );
        format!("the main job of {name}")
    })?;
    // Others take longer to be ready themselves.
    if language == Language::Go {
        assert!(relaunch < HELD, "a launch that goes well waits: {relaunch:?}");
    }
    Ok(started.elapsed())
}
