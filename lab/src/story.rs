//! The main job, told turn by turn: a real peer installs, commits and invokes
//! Go chaincode that is compiled in one Pod and runs in another. The demo prints
//! it, a test holds it; every turn is checked either way.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::chainpod::Chainpod;
use crate::cluster::Cluster;
use crate::docker::Docker;
use crate::network::{Network, Package};

/// How long what is removed may take to be gone: garbage collection runs in the background.
const EMPTY_LIMIT: Duration = Duration::from_secs(30);
/// The kinds of objects that chainpod makes.
const KINDS: &str = "pods,configmaps,secrets";
/// What others keep in every namespace.
const NOT_OURS: [&str; 2] = ["configmap/kube-root-ca.crt", "secret/chainpod-credentials"];

/// One turn of the story.
pub struct Turn {
    /// What was asked for.
    pub asked: String,
    /// What came of it.
    pub answered: String,
    /// How long it took.
    pub took: Duration,
    /// The Docker calls that the peer made meanwhile.
    pub calls: Vec<String>,
    /// The Pods that came, changed and went meanwhile, as `kubectl get pods --watch` tells it.
    pub changes: Vec<String>,
    /// The Pods after it, as `kubectl get pods` shows them.
    pub pods: String,
}

/// `kubectl get pods --watch`, ended when it is dropped.
struct Watch {
    child: Child,
    lines: Receiver<String>,
}

impl Watch {
    fn start(cluster: &Cluster, namespace: &str) -> Result<Self> {
        let mut command = cluster.kubectl_command();
        command.args([
            "--namespace",
            namespace,
            "get",
            "pods",
            "--watch",
            "--output-watch-events",
        ]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let output = child.stdout.take().context("no output")?;
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            // Ends with kubectl, or with who listens.
            let _ = BufReader::new(output)
                .lines()
                .map_while(Result::ok)
                .try_for_each(|line| sender.send(line));
        });
        Ok(Self { child, lines })
    }

    /// What has happened since the last call; that a Pod grew older is no change.
    fn changes(&self) -> Vec<String> {
        let what = |line: &String| line.split_whitespace().take(4).collect::<String>();
        let mut lines: Vec<String> = self
            .lines
            .try_iter()
            .filter(|line| !line.starts_with("EVENT"))
            .collect();
        lines.dedup_by_key(|line| what(line));
        lines
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Tells the story; `tell` hears each turn when it is over.
///
/// # Errors
/// When a turn fails or answers what it should not.
pub fn run(
    cluster: &Cluster,
    network: &Network,
    chainpod: &Chainpod,
    package: &Package,
    tell: &mut dyn FnMut(Turn),
) -> Result<()> {
    let (namespace, kv) = (chainpod.namespace(), package.name());
    let watch = Watch::start(cluster, namespace)?;
    let mut told = chainpod.calls().len();
    let mut turn = |asked: &str, work: &mut dyn FnMut() -> Result<String>| -> Result<String> {
        let started = Instant::now();
        let answered = work()?;
        let took = started.elapsed();
        let pods = pods(cluster, namespace)?;
        let calls = chainpod.calls();
        tell(Turn {
            asked: asked.to_owned(),
            answered: answered.clone(),
            took,
            calls: calls[told..].to_vec(),
            changes: watch.changes(),
            pods,
        });
        told = calls.len();
        Ok(answered)
    };
    turn("install the chaincode: it is compiled in a Pod", &mut || {
        Ok(format!("package {}", network.install(package)?))
    })?;
    turn(
        "approve it and commit it: it starts in a Pod of its own",
        &mut || {
            network.approve(package)?;
            network.commit(package)?;
            Ok("committed".to_owned())
        },
    )?;
    turn("put colour = blue", &mut || {
        network.invoke(kv, "put", &["colour", "blue"])
    })?;
    let colour = turn("get colour", &mut || network.query(kv, "get", &["colour"]))?;
    ensure!(colour.trim() == "blue", "get answered {colour:?}");

    let host = turn("host: where does it run?", &mut || network.query(kv, "host", &[]))?;
    let pod = only_running(cluster, namespace)?;
    ensure!(
        host.trim() == pod,
        "host answered {host:?}, the running pod is {pod}"
    );
    for name in [
        network.peer_host(),
        "kubernetes.default.svc.cluster.local".to_owned(),
    ] {
        let address = turn(&format!("resolve {name}"), &mut || {
            network.query(kv, "resolve", &[&name])
        })?;
        ensure!(
            !address.trim().is_empty(),
            "{name} does not resolve inside the pod"
        );
    }

    turn(
        "crash 7: the program ends with exit code 7",
        &mut || match network.query(kv, "crash", &["7"]) {
            Ok(answer) => bail!("a crashed chaincode answered {answer:?}"),
            Err(error) => Ok(last_line(&format!("{error:#}"))),
        },
    )?;
    let colour = turn("get colour again: the peer starts it anew", &mut || {
        network.query(kv, "get", &["colour"])
    })?;
    ensure!(colour.trim() == "blue", "get answered {colour:?} after the crash");
    let again = only_running(cluster, namespace)?;
    ensure!(
        again != pod,
        "the chaincode answered from the pod that crashed, {pod}"
    );

    turn("stop the peer and remove its container", &mut || {
        network.stop_peer()?;
        remove_containers(chainpod, cluster)?;
        await_empty(cluster, namespace)?;
        Ok("the namespace is empty".to_owned())
    })?;
    Ok(())
}

/// `kubectl get pods` with what chaincode they run.
fn pods(cluster: &Cluster, namespace: &str) -> Result<String> {
    cluster.kubectl(&[
        "--namespace",
        namespace,
        "get",
        "pods",
        "-L",
        "chainpod.dev/chaincode,chainpod.dev/peer",
    ])
}

/// The name of the one Pod that runs.
fn only_running(cluster: &Cluster, namespace: &str) -> Result<String> {
    let running = cluster.kubectl(&[
        "--namespace",
        namespace,
        "get",
        "pods",
        "--field-selector",
        "status.phase=Running",
        "-o",
        "name",
    ])?;
    match running.lines().collect::<Vec<_>>()[..] {
        [pod] => Ok(pod.trim_start_matches("pod/").to_owned()),
        _ => bail!("one pod should run, these do: {running}"),
    }
}

/// Removes what the peer left behind, by the Docker API as `docker rm -f` would.
fn remove_containers(chainpod: &Chainpod, cluster: &Cluster) -> Result<()> {
    let records = cluster.kubectl(&[
        "--namespace",
        chainpod.namespace(),
        "get",
        "configmaps",
        "-l",
        "app.kubernetes.io/managed-by=chainpod",
        "-o",
        "jsonpath={range .items[*]}{.metadata.labels.chainpod\\.dev/id}{\"\\n\"}{end}",
    ])?;
    let docker = Docker::new(chainpod.docker());
    for id in records.lines().filter(|line| !line.is_empty()) {
        docker.remove(id)?;
    }
    Ok(())
}

/// Waits until nothing of ours is left in the namespace.
fn await_empty(cluster: &Cluster, namespace: &str) -> Result<()> {
    let deadline = Instant::now() + EMPTY_LIMIT;
    loop {
        let objects = cluster.kubectl(&["--namespace", namespace, "get", KINDS, "-o", "name"])?;
        let ours: Vec<_> = objects
            .lines()
            .filter(|object| !NOT_OURS.contains(object))
            .collect();
        if ours.is_empty() {
            return Ok(());
        }
        if Instant::now() > deadline {
            bail!(
                "still in namespace {namespace} after {} s: {}",
                EMPTY_LIMIT.as_secs(),
                ours.join(", ")
            );
        }
        std::thread::sleep(Duration::from_millis(200));
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
