//! Containers by the Docker API, at chainpod or at dockerd: what a peer does to
//! launch one.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use lab::cluster::Cluster;
use lab::docker::{Docker, tar};
use serde_json::json;

use super::IMAGE;

/// Says when its first instruction ran, in nanoseconds since 1970, and goes on.
pub(super) const PROGRAM: [&str; 3] = ["/bin/sh", "-c", "date +%s%N; exec sleep 600"];
/// The files that a peer puts into a container, of the size of a certificate.
const FILES: [&str; 5] = [
    "client.crt",
    "client.key",
    "client_pem.crt",
    "client_pem.key",
    "peer.crt",
];
const FILE_BYTES: usize = 900;
/// The name of the image of all containers.
const NAME: &str = "bench";

/// The kubelet looks that often at what runs.
const RELIST: Duration = Duration::from_secs(1);

/// The moment at which a measurement began.
pub(super) struct Clock(SystemTime);

impl Clock {
    /// Within the next second: what follows on another's end would always meet the kubelet at the same
    /// point between two looks, and users' launches meet it at any.
    pub(super) fn start() -> Self {
        std::thread::sleep(RELIST.mul_f64(rand::random()));
        Self(SystemTime::now())
    }

    /// Returns the time until [`PROGRAM`] ran, in seconds, taken from its output.
    pub(super) fn first_instruction(
        &self,
        cluster: &Cluster,
        read: impl Fn() -> Result<String>,
    ) -> Result<f64> {
        let mut log = String::new();
        cluster.wait_for("the program's first line", || {
            log = read().unwrap_or_default();
            log.ends_with('\n')
        })?;
        let nanos = log.trim().parse();
        let nanos = nanos.with_context(|| format!("the program wrote {log:?}"))?;
        let ran = (UNIX_EPOCH + Duration::from_nanos(nanos)).duration_since(self.0);
        Ok(ran
            .context("the program ran before it was asked for")?
            .as_secs_f64())
    }
}

/// Containers at one endpoint.
pub(super) struct Containers<'a> {
    cluster: &'a Cluster,
    docker: Docker,
}

impl<'a> Containers<'a> {
    /// Builds the image that all have.
    pub(super) fn new(cluster: &'a Cluster, docker: Docker) -> Result<Self> {
        let dockerfile = format!("FROM {IMAGE}\nADD binpackage.tar /usr/local/bin\n");
        let package = tar(&[("chaincode", &[0; 1024 * 1024])])?;
        let context = tar(&[
            ("Dockerfile", dockerfile.as_bytes()),
            ("binpackage.tar", &package),
        ])?;
        docker.build(NAME, &context)?;
        Ok(Self { cluster, docker })
    }

    /// From the create to the first instruction, in seconds. The container goes.
    pub(super) fn launch(&self, name: &str) -> Result<f64> {
        let clock = Clock::start();
        self.start(name, &PROGRAM)?;
        let seconds = clock.first_instruction(self.cluster, || self.docker.logs(name))?;
        self.docker.remove(name)?;
        Ok(seconds)
    }

    /// From the stop of a program to the answer, in seconds. The container goes.
    pub(super) fn stop(&self, name: &str, program: &[&str]) -> Result<f64> {
        self.start(name, program)?;
        self.cluster.wait_for("the program's first line", || {
            self.docker.logs(name).is_ok_and(|log| log.ends_with('\n'))
        })?;
        let started = Instant::now();
        self.docker.stop(name)?;
        let seconds = started.elapsed().as_secs_f64();
        self.docker.remove(name)?;
        Ok(seconds)
    }

    /// Create, upload, start.
    fn start(&self, name: &str, program: &[&str]) -> Result<()> {
        let paths = FILES.map(|file| format!("etc/hyperledger/fabric/{file}"));
        let content = [b'x'; FILE_BYTES];
        let files = tar(&paths.each_ref().map(|path| (path.as_str(), &content[..])))?;
        let host_network = json!({"NetworkMode": "host"});
        let body = json!({"Image": NAME, "Cmd": program, "HostConfig": host_network});
        self.docker.create(name, &body)?;
        self.docker.upload(name, "/", &files)?;
        self.docker.start(name)
    }
}
