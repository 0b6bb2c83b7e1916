//! `cargo xtask demo`: brings up the lab and tells the main job on it as a story.

use anyhow::Result;
use clap::Args;
use harness::chainpod::{self, Chainpod, Profile, Registries};
use harness::story::{self, Turn};
use lab::cluster::Cluster;
use lab::network::{Fabric, Language, Network, NetworkOptions};
use lab::progress::Progress;

/// The demo's network and namespace.
const NAME: &str = "demo";

/// Which demo.
#[derive(Args)]
pub(crate) struct Demo {
    /// The version of the peer.
    #[arg(long, value_enum, default_value_t)]
    fabric: Fabric,
    /// The language of its chaincode. The build of Node.js and Java chaincode fetches its dependencies.
    #[arg(long, value_enum, default_value_t)]
    language: Language,
}

/// Runs the demo. The lab stays up. The network and the namespace are removed.
///
/// # Errors
/// Returns the lab's error, or the error of a turn that fails. chainpod's log is then printed.
pub(crate) fn run(options: &Demo) -> Result<()> {
    let progress = Progress::new("demo");
    let cluster = Cluster::up(&progress)?;
    let daemon = chainpod::build(&cluster, Profile::Dev, &progress)?;
    let chainpod = progress.step("starting chainpod", || {
        let registries = Registries::of_this_machine()?;
        Chainpod::start_for(options.language, &registries, &cluster, &daemon, NAME)
    })?;
    let network = NetworkOptions::new(NAME, &chainpod.endpoint()).fabric(options.fabric);
    let network = Network::up(&network, &progress)?;
    println!(
        "\nA Fabric {} peer calls Docker at {}, where chainpod answers, for chaincode in {}.",
        options.fabric,
        chainpod.endpoint(),
        options.language
    );
    let told = story::run(
        &cluster,
        &network,
        &chainpod,
        options.language,
        &progress,
        &mut print,
    );
    if told.is_err() {
        eprintln!("chainpod's log:\n{}", chainpod.log());
    }
    network.down()?;
    told?;
    progress.finish();
    println!("The lab is still up: cargo xtask lab status; cargo xtask lab down ends it.");
    Ok(())
}

#[allow(clippy::needless_pass_by_value)] // the story hands each turn over
fn print(turn: Turn) {
    let answered = turn.answered.trim();
    println!("\n▸ {} ({:.1} s)", turn.asked, turn.took.as_secs_f64());
    if !answered.is_empty() {
        println!("  {answered}");
    }
    let pods = turn.pods.lines().map(str::to_owned).collect();
    for (title, lines) in [
        ("the peer asked Docker", turn.calls),
        ("pods came and went", turn.changes),
        ("kubectl get pods", pods),
    ] {
        if !lines.is_empty() {
            println!("  {title}:");
        }
        for line in lines {
            println!("    {line}");
        }
    }
}
