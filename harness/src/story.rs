//! The main job, told turn by turn: a real peer of any version installs, commits,
//! invokes, upgrades and starts again, and its chaincode in any language is built in one
//! Pod and runs in another. The demo prints it, tests hold it; every turn is checked
//! either way.

mod pods;
mod teller;

use anyhow::{Result, bail, ensure};
use lab::cluster::Cluster;
use lab::network::{Language, Network, Package};
use lab::progress::Progress;

use self::pods::Pods;
use self::teller::Teller;
pub use self::teller::Turn;
use crate::chainpod::Chainpod;

/// The request to chaincode that has crashed: its peer launches it again.
pub const RELAUNCH: &str = "get colour again: the peer starts it anew";
/// The chaincode.
const KV: &str = "kv";

/// Tells the story of chaincode in that language. `tell` gets each turn when it is over.
///
/// # Errors
/// Returns an error if a turn fails or answers what it should not.
pub fn run(
    cluster: &Cluster,
    network: &Network,
    chainpod: &Chainpod,
    language: Language,
    progress: &Progress,
    tell: &mut dyn FnMut(Turn),
) -> Result<()> {
    let package = |label| Package::in_language(network.fabric(), language, label, progress);
    let (first, second) = (package("kv_1")?, package("kv_2")?);
    let namespace = chainpod.namespace();
    let pods = Pods { cluster, namespace };
    let teller = Teller::new(pods, chainpod, tell)?;
    let mut story = Story {
        network,
        chainpod,
        pods,
        teller,
    };
    story.begins(&first)?;
    let pod = story.serves()?;
    let pod = story.survives_a_crash(&pod)?;
    let pod = story.upgrades(&second, &pod)?;
    story.outlives_its_peer(&pod)?;
    story.ends()
}

struct Story<'a> {
    network: &'a Network,
    chainpod: &'a Chainpod,
    pods: Pods<'a>,
    teller: Teller<'a>,
}

impl Story<'_> {
    fn begins(&mut self, package: &Package) -> Result<()> {
        let network = self.network;
        self.teller.turn("install the chaincode", || {
            Ok(format!("package {}", network.install(package)?))
        })?;
        self.teller
            .turn("approve and commit it: it starts in a pod of its own", || {
                network.approve(package)?;
                network.commit(package)?;
                Ok("committed".to_owned())
            })?;
        self.teller.turn("put colour = blue", || {
            network.invoke(KV, "put", &["colour", "blue"])
        })?;
        self.colour("get colour")
    }

    /// Chaincode in its Pod knows where it is and what is around it; the Pod.
    fn serves(&mut self) -> Result<String> {
        let pod = self.pod("host: where does it run?")?;
        let peer = self.network.peer_host();
        let shown = self.pods.shown()?;
        ensure!(
            shown.contains(&peer),
            "kubectl get pods does not show {peer}:\n{shown}"
        );
        for name in [&peer, "kubernetes.default.svc.cluster.local"] {
            let address = self.teller.turn(&format!("resolve {name}"), || {
                self.network.query(KV, "resolve", &[name])
            })?;
            ensure!(
                !address.trim().is_empty(),
                "{name} does not resolve inside the pod"
            );
        }
        Ok(pod)
    }

    fn survives_a_crash(&mut self, before: &str) -> Result<String> {
        self.teller
            .turn("crash 7: the program ends with exit code 7", || {
                match self.network.query(KV, "crash", &["7"]) {
                    Ok(answer) => bail!("a crashed chaincode answered {answer:?}"),
                    Err(error) => Ok(last_line(&format!("{error:#}"))),
                }
            })?;
        self.colour(RELAUNCH)?;
        self.new_pod("host: in a new pod?", before)
    }

    fn upgrades(&mut self, package: &Package, before: &str) -> Result<String> {
        let (network, pods) = (self.network, self.pods);
        self.teller
            .turn("install, approve and commit another package", || {
                network.deploy(package)?;
                Ok("committed".to_owned())
            })?;
        self.colour("get colour: what was put is still there")?;
        let pod = self.new_pod("host: in the new package's pod?", before)?;
        if network.fabric().stops_replaced() {
            self.teller.turn("the old pod goes", || {
                pods.await_running(|running| *running == [pod.clone()])?;
                Ok(format!("{before} is gone"))
            })?;
        }
        Ok(pod)
    }

    fn outlives_its_peer(&mut self, before: &str) -> Result<()> {
        let (network, pods) = (self.network, self.pods);
        self.teller.turn("stop the peer and start it", || {
            network.stop_peer()?;
            network.start_peer()?;
            Ok("it listens".to_owned())
        })?;
        if network.fabric().launches_at_start() {
            self.teller.turn("its chaincode comes back by itself", || {
                let running = pods.await_running(|running| matches!(running, [pod] if pod != before))?;
                Ok(running.join(" "))
            })?;
        }
        self.colour("get colour from the peer that started again")?;
        self.new_pod("host: in a new pod?", before).map(drop)
    }

    fn ends(&mut self) -> Result<()> {
        let (network, chainpod, pods) = (self.network, self.chainpod, self.pods);
        self.teller.turn("stop the peer and remove its containers", || {
            network.stop_peer()?;
            pods.remove_containers(chainpod)?;
            pods.await_empty(chainpod)?;
            Ok("the namespace is empty".to_owned())
        })?;
        Ok(())
    }

    fn colour(&mut self, asked: &str) -> Result<()> {
        let colour = self
            .teller
            .turn(asked, || self.network.query(KV, "get", &["colour"]))?;
        ensure!(colour == "blue", "{asked}: {colour:?}");
        Ok(())
    }

    /// The Pod in which the chaincode runs, as it says itself.
    fn pod(&mut self, asked: &str) -> Result<String> {
        let host = self.teller.turn(asked, || self.network.query(KV, "host", &[]))?;
        let running = self.pods.running()?;
        ensure!(
            running.contains(&host),
            "host answered {host:?}, these pods run: {running:?}"
        );
        Ok(host)
    }

    fn new_pod(&mut self, asked: &str, before: &str) -> Result<String> {
        let pod = self.pod(asked)?;
        ensure!(pod != before, "the chaincode still answers from {before}");
        Ok(pod)
    }
}

fn last_line(text: &str) -> String {
    text.lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default()
        .trim()
        .to_owned()
}
