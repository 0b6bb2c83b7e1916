//! `chainpod doctor`: checks chainpod's requirements in this cluster, and prints a remedy for each that is
//! not met.

mod checks;
mod from_pods;

use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use clap::ArgMatches;
use engine::token::{KEY_BYTES, TokenKey};
use pods::{AgentVolume, KubeCluster};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::cli;
use crate::cluster::Place;
use crate::config::Doctor;
use crate::print::print;

/// The cluster and the settings that are checked.
struct Patient {
    place: Place,
    cluster: KubeCluster,
    config: Doctor,
    /// The result of running a Pod of `agent-image`, which is done once.
    agent_runs: OnceCell<Result<(), Why>>,
}

/// A problem and its remedy.
type Why = (String, &'static str);

/// The result of a check.
enum Verdict {
    /// The check passed, with its finding.
    Good(String),
    /// chainpod works without it: the missing thing and the remedy.
    Lacks(String, &'static str),
    /// chainpod does not work: the reason and the remedy.
    Bad(String, &'static str),
}

/// A check under way.
type Checking<'a> = Pin<Box<dyn Future<Output = Verdict> + 'a>>;
/// A check: its name and its function.
type Check = (&'static str, fn(&Patient) -> Checking<'_>);

/// THE table of checks, ordered so that a check depends only on earlier ones.
const CHECKS: [Check; 9] = [
    ("api server", |patient| Box::pin(checks::api_server(patient))),
    ("clock", |patient| Box::pin(checks::clock(patient))),
    ("permissions", |patient| Box::pin(checks::permissions(patient))),
    ("pods", |patient| Box::pin(checks::pods(patient))),
    ("image volumes", |patient| {
        Box::pin(checks::image_volumes(patient))
    }),
    ("agent image", |patient| Box::pin(from_pods::agent_image(patient))),
    ("agents", |patient| Box::pin(from_pods::agents(patient))),
    ("names", |patient| Box::pin(from_pods::names(patient))),
    ("store", |patient| Box::pin(checks::store(patient))),
];

/// Prints the result of each check. The exit code is 1 if one is bad.
///
/// # Errors
/// Returns an error if no cluster is configured.
pub(crate) async fn run(config: Doctor, flags: &ArgMatches) -> Result<ExitCode> {
    let as_json = flags.get_one::<String>(cli::OUTPUT).is_some();
    let patient = Patient::of(config).await?;
    let mut all = Vec::new();
    let mut is_bad = false;
    for (name, check) in CHECKS {
        let verdict = check(&patient).await;
        is_bad |= matches!(verdict, Verdict::Bad(..));
        match as_json {
            true => all.push(json(name, &verdict)),
            false => print(&line(name, &verdict)),
        }
    }
    if as_json {
        print(&format!("{:#}\n", Value::from(all)));
    }
    Ok(if is_bad {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

impl Patient {
    async fn of(config: Doctor) -> Result<Self> {
        let place = Place::of(&config.look).await?;
        let cluster = KubeCluster::new(
            place.client.clone(),
            pods::Config {
                namespace: place.namespace.clone(),
                instance: place.scope.0.clone(),
                agent_image: config.agent_image.clone(),
                agent_volume: AgentVolume::Auto,
                // No Pod of a check runs an agent with a task.
                agent_ca_pem: String::new(),
                token_key: TokenKey::new([0; KEY_BYTES]),
                default_uid: pods::Config::FABRIC_UID,
                rules: Arc::clone(&config.rules),
            },
        );
        Ok(Self {
            place,
            cluster,
            config,
            agent_runs: OnceCell::new(),
        })
    }
}

fn line(name: &str, verdict: &Verdict) -> String {
    match verdict {
        Verdict::Good(found) => format!("✓ {name}: {found}\n"),
        Verdict::Lacks(what, remedy) => format!("! {name}: {what}\n    {remedy}\n"),
        Verdict::Bad(why, remedy) => format!("✗ {name}: {why}\n    {remedy}\n"),
    }
}

fn json(name: &str, verdict: &Verdict) -> Value {
    let (status, text, remedy) = match verdict {
        Verdict::Good(found) => ("ok", found, None),
        Verdict::Lacks(what, remedy) => ("warning", what, Some(remedy)),
        Verdict::Bad(why, remedy) => ("failed", why, Some(remedy)),
    };
    json!({"check": name, "status": status, "text": text, "remedy": remedy})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_bad_has_its_remedy() {
        let bad = Verdict::Bad("it is full".to_owned(), "make room");
        assert_eq!(line("store", &bad), "✗ store: it is full\n    make room\n");
        let remedy =
            json!({"check": "store", "status": "failed", "text": "it is full", "remedy": "make room"});
        assert_eq!(json("store", &bad), remedy);
        assert_eq!(line("store", &Verdict::Good("/x".to_owned())), "✓ store: /x\n");
    }
}
