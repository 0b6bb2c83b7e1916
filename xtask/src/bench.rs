//! `cargo xtask bench`: how fast chainpod is, beside what Kubernetes itself takes,
//! in one run: figures of different runs cannot be compared.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use lab::chainpod::{self, Chainpod, Profile};
use lab::cluster::Cluster;
use lab::docker::{Docker, tar};
use lab::progress::Progress;
use lab::proxy::Proxy;
use serde_json::{Value, json};

/// The namespace of everything that is measured.
const NAMESPACE: &str = "bench-launch";
/// The image of all: Fabric's own base of Go chaincode.
const IMAGE: &str = "hyperledger/fabric-baseos:2.5";
/// Says when its first instruction ran, in nanoseconds since 1970, and goes on.
const PROGRAM: [&str; 3] = ["/bin/sh", "-c", "date +%s%N; exec sleep 600"];

/// What to measure.
#[derive(Subcommand)]
pub(crate) enum Bench {
    /// Create, upload and start, until the program's first instruction; beside bare Pods.
    Launch(Launch),
}

/// Options of `launch`.
#[derive(Args)]
pub(crate) struct Launch {
    /// Writes the figures there.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// How often each is measured; they take turns.
    #[arg(long, default_value_t = 10)]
    rounds: usize,
}

/// Measures it; the lab stays up.
///
/// # Errors
/// Those of the lab, and of a Pod that does not run.
pub(crate) fn run(bench: Bench) -> Result<()> {
    let Bench::Launch(options) = bench;
    let progress = Progress::new("bench launch");
    let cluster = Cluster::up(&progress)?;
    let daemon = chainpod::build(&cluster, Profile::Release, &progress)?;
    let chainpod = Chainpod::start(&cluster, &daemon, NAMESPACE)?;
    let bench = Measurement::new(&cluster, &chainpod)?;
    let mut seconds: [Vec<f64>; 3] = Default::default();
    progress.step(&format!("{} rounds", options.rounds), || {
        for round in 0..options.rounds {
            seconds[0].push(bench.bare(&format!("none-{round}"), &json!([]))?);
            seconds[1].push(bench.bare(&format!("one-{round}"), &json!([{"name": "v", "emptyDir": {}}]))?);
            seconds[2].push(bench.chainpod(&format!("cc-{round}"))?);
        }
        Ok::<_, anyhow::Error>(())
    })?;
    let report = report(&seconds);
    println!("{}", serde_json::to_string_pretty(&report)?);
    if let Some(file) = options.json {
        fs::write(&file, report.to_string()).with_context(|| format!("cannot write {}", file.display()))?;
    }
    progress.finish();
    Ok(())
}

fn report(seconds: &[Vec<f64>; 3]) -> Value {
    let [bare, volume, chainpod] = [0, 1, 2].map(|index| median(&seconds[index]));
    json!({
        "rounds": seconds[0].len(),
        "median seconds": {"bare pod": bare, "pod with one emptyDir": volume, "chainpod": chainpod},
        "ratios": {"chainpod / bare pod": chainpod / bare, "chainpod / pod with one emptyDir": chainpod / volume},
        "seconds": {"bare pod": seconds[0], "pod with one emptyDir": seconds[1], "chainpod": seconds[2]},
    })
}

fn median(seconds: &[f64]) -> f64 {
    let mut sorted = seconds.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() % 2 {
        _ if sorted.is_empty() => f64::NAN,
        0 => f64::midpoint(sorted[middle - 1], sorted[middle]),
        _ => sorted[middle],
    }
}

/// Both sides: Pods by the API server, containers by chainpod.
struct Measurement<'a> {
    cluster: &'a Cluster,
    docker: Docker,
    proxy: Proxy,
}

impl<'a> Measurement<'a> {
    fn new(cluster: &'a Cluster, chainpod: &Chainpod) -> Result<Self> {
        let proxy = Proxy::start(cluster, &cluster.kubeconfig())?;
        let docker = Docker::new(chainpod.docker());
        let dockerfile = format!("FROM {IMAGE}\nADD binpackage.tar /usr/local/bin\n");
        let package = tar(&[("chaincode", &[0; 1024 * 1024])])?;
        let context = tar(&[
            ("Dockerfile", dockerfile.as_bytes()),
            ("binpackage.tar", &package),
        ])?;
        docker.build("bench", &context)?;
        Ok(Self {
            cluster,
            docker,
            proxy,
        })
    }

    /// From the POST of a Pod to its program's first instruction, in seconds.
    fn bare(&self, name: &str, volumes: &Value) -> Result<f64> {
        let mounts: Vec<_> = volumes
            .as_array()
            .into_iter()
            .flatten()
            .map(|volume| json!({"name": volume["name"], "mountPath": "/volume"}))
            .collect();
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {
                "restartPolicy": "Never", "automountServiceAccountToken": false, "enableServiceLinks": false,
                "terminationGracePeriodSeconds": 0, "volumes": volumes,
                "containers": [{
                    "name": "main", "image": IMAGE, "command": PROGRAM, "volumeMounts": mounts,
                    "securityContext": {
                        "runAsNonRoot": true, "runAsUser": 500, "allowPrivilegeEscalation": false,
                        "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"}},
                }],
            },
        });
        let started = SystemTime::now();
        let pods = format!("{}/api/v1/namespaces/{NAMESPACE}/pods", self.proxy.url());
        ureq::post(&pods).send(pod.to_string())?;
        let seconds = self.first_instruction(name, started)?;
        self.cluster
            .kubectl(&["--namespace", NAMESPACE, "delete", "pod", name])?;
        Ok(seconds)
    }

    /// The same from the create of a container with a peer's five files.
    fn chainpod(&self, name: &str) -> Result<f64> {
        let files = [
            "client.crt",
            "client.key",
            "client_pem.crt",
            "client_pem.key",
            "peer.crt",
        ]
        .map(|file| format!("etc/hyperledger/fabric/{file}"));
        let content = [b'x'; 900];
        let files = tar(&files.each_ref().map(|file| (file.as_str(), &content[..])))?;
        let started = SystemTime::now();
        self.docker
            .create(name, &json!({"Image": "bench", "Cmd": PROGRAM}))?;
        self.docker.upload(name, "/", &files)?;
        self.docker.start(name)?;
        let pod = self.cluster.kubectl(&[
            "--namespace",
            NAMESPACE,
            "get",
            "pods",
            "--selector=app.kubernetes.io/managed-by=chainpod",
            "--output=name",
        ])?;
        let seconds = self.first_instruction(pod.trim().trim_start_matches("pod/"), started)?;
        self.docker.remove(name)?;
        self.cluster.wait_for("the end of the pod", || {
            let all = ["--namespace", NAMESPACE, "get", "pods", "--output=name"];
            self.cluster.kubectl(&all).is_ok_and(|pods| pods.is_empty())
        })?;
        Ok(seconds)
    }

    fn first_instruction(&self, pod: &str, started: SystemTime) -> Result<f64> {
        let mut log = String::new();
        self.cluster.wait_for(&format!("the program of pod {pod}"), || {
            let read = self.cluster.kubectl(&["--namespace", NAMESPACE, "logs", pod]);
            log = read.unwrap_or_default();
            log.ends_with('\n')
        })?;
        let nanos = log
            .trim()
            .parse()
            .with_context(|| format!("pod {pod} printed {log:?}"))?;
        let instruction = UNIX_EPOCH + Duration::from_nanos(nanos);
        match instruction.duration_since(started) {
            Ok(duration) => Ok(duration.as_secs_f64()),
            Err(_) => bail!("pod {pod} ran before it was made"),
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_median_is_the_middle_or_between_the_two() {
        assert_eq!(super::median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(super::median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
    }
}
