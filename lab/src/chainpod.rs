//! chainpod itself, built from this checkout and served beside the lab's
//! cluster, for the tests, the demo and the benchmark.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

mod account;

use crate::cluster::Cluster;
use crate::go;
use crate::images;
use crate::progress::Progress;

/// The agent's target: static, without a C library of the image's.
const AGENT_TARGET: &str = "x86_64-unknown-linux-gnu";
/// The name under which the lab loads chainpod's image.
const IMAGE: &str = "docker.io/chainpod/chainpod:dev";
/// What chainpod logs here: each call of a peer too.
const LOG_FILTER: &str = "info,server=debug";
/// How long chainpod may take to listen.
const LISTEN_LIMIT: Duration = Duration::from_secs(20);
/// How long chainpod may take to end after SIGTERM before it is killed.
const STOP_LIMIT: Duration = Duration::from_secs(5);

/// A running `chainpod serve` with a namespace of its own that enforces `restricted`. It is a
/// ServiceAccount with the repository's Role there, and nobody elsewhere.
pub struct Chainpod {
    child: Child,
    cluster: Cluster,
    folder: tempfile::TempDir,
    namespace: String,
    kubeconfig: PathBuf,
    docker: SocketAddr,
}

/// How the daemon is compiled; the agent always is for its size.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Quick to build: tests and the demo.
    Dev,
    /// What users run: benchmarks.
    Release,
}

/// Builds daemon and agent, and loads the agent's image into the cluster; the daemon's file.
///
/// # Errors
/// Those of cargo and of the image's import.
pub fn build(cluster: &Cluster, profile: Profile, progress: &Progress) -> Result<PathBuf> {
    let workspace = go::folder().join("..");
    let agent = progress.step("building chainpod-agent", || {
        cargo(
            &workspace,
            &[
                "--profile",
                "agent",
                "--package",
                "chainpod-agent",
                "--target",
                AGENT_TARGET,
                "--target-dir",
                "target/agent",
            ],
            "-C target-feature=+crt-static",
        )?;
        Ok::<_, anyhow::Error>(
            workspace
                .join("target/agent")
                .join(AGENT_TARGET)
                .join("agent/chainpod-agent"),
        )
    })?;
    let daemon = progress.step("building chainpod", || {
        let (flags, folder): (&[&str], _) = match profile {
            Profile::Dev => (&["--package", "chainpod"], "debug"),
            Profile::Release => (&["--package", "chainpod", "--release"], "release"),
        };
        cargo(&workspace, flags, "")?;
        Ok::<_, anyhow::Error>(workspace.join("target").join(folder).join("chainpod"))
    })?;
    let image = images::build_chainpod(&agent, progress)?;
    progress.step("loading chainpod's image", || cluster.import(&image))?;
    Ok(daemon)
}

fn cargo(workspace: &Path, arguments: &[&str], rustflags: &str) -> Result<()> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .current_dir(workspace)
        .args(["build", "--quiet", "--locked"])
        .args(arguments);
    if !rustflags.is_empty() {
        command.env("RUSTFLAGS", rustflags);
    }
    let status = command.status().context("cannot run cargo")?;
    if !status.success() {
        bail!("cargo build {} failed: {status}", arguments.join(" "));
    }
    Ok(())
}

impl Chainpod {
    /// Serves `daemon` for a new namespace of that name.
    ///
    /// # Errors
    /// When the namespace exists, or chainpod does not listen within 20 s: its log is in the error.
    pub fn start(cluster: &Cluster, daemon: &Path, namespace: &str) -> Result<Self> {
        cluster.kubectl(&["create", "namespace", namespace])?;
        cluster.kubectl(&[
            "label",
            "namespace",
            namespace,
            "pod-security.kubernetes.io/enforce=restricted",
        ])?;
        let folder = tempfile::Builder::new().prefix("chainpod-").tempdir()?;
        let kubeconfig = account::create(cluster, namespace, folder.path())?;
        let docker = free_port()?;
        let agents = SocketAddr::new(cluster.node_ip(), free_port()?.port());
        let log = File::create(folder.path().join("log"))?;
        let child = Command::new(daemon)
            .arg("serve")
            .args([
                "--listen",
                &format!("tcp://{docker}"),
                "--namespace",
                namespace,
                "--instance",
                namespace,
            ])
            .args([
                "--agent-listen",
                &agents.to_string(),
                "--agent-address",
                &agents.to_string(),
            ])
            .args(["--agent-image", IMAGE, "--log-format", "json"])
            .env("RUST_LOG", LOG_FILTER)
            .arg("--kubeconfig")
            .arg(&kubeconfig)
            .arg("--store")
            .arg(folder.path().join("store"))
            .stdin(std::process::Stdio::null())
            .stderr(log.try_clone()?)
            .stdout(log)
            .spawn()
            .with_context(|| format!("cannot run {}", daemon.display()))?;
        let mut chainpod = Self {
            child,
            cluster: cluster.clone(),
            folder,
            namespace: namespace.to_owned(),
            kubeconfig,
            docker,
        };
        chainpod.await_listening()?;
        Ok(chainpod)
    }

    /// The endpoint for `CORE_VM_ENDPOINT`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("tcp://{}", self.docker)
    }

    /// Where Docker clients connect.
    #[must_use]
    pub const fn docker(&self) -> SocketAddr {
        self.docker
    }

    /// The namespace of its Pods.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The kubeconfig of its account: what it may do, and no more.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// The process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// The Docker calls that it has answered, in the order of their answers: `POST /containers/create → 201`.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        let log = self.log();
        let lines = log
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines
            .filter_map(|line| {
                let fields = &line["fields"];
                let (method, path) = (fields["method"].as_str()?, fields["path"].as_str()?);
                let seconds = fields["seconds"].as_f64()?;
                Some(format!(
                    "{method} {} → {} ({seconds:.2} s)",
                    short(path),
                    fields["status"]
                ))
            })
            .collect()
    }

    fn await_listening(&mut self) -> Result<()> {
        let deadline = Instant::now() + LISTEN_LIMIT;
        while TcpStream::connect(self.docker).is_err() {
            if self.child.try_wait()?.is_some() || Instant::now() > deadline {
                bail!("chainpod does not listen on {}:\n{}", self.docker, self.log());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Chainpod {
    fn drop(&mut self) {
        if let Some(pid) = rustix::process::Pid::from_raw(self.child.id().cast_signed()) {
            // An error here means that it has ended already.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let deadline = Instant::now() + STOP_LIMIT;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        let deleted = self
            .cluster
            .kubectl(&["delete", "namespace", &self.namespace, "--wait=false"]);
        if let Err(error) = deleted {
            eprintln!("cannot delete namespace {}: {error:#}", self.namespace);
        }
    }
}

/// The path with its long hashes cut short, as Docker does with ids.
fn short(path: &str) -> String {
    let is_hash = |part: &str| part.len() == 64 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut text = String::new();
    for part in path.split_inclusive(['/', '-']) {
        let bare = part.trim_end_matches(['/', '-']);
        if is_hash(bare) {
            text += &bare[..12];
            text += "…";
            text += &part[bare.len()..];
        } else {
            text += part;
        }
    }
    text
}

fn free_port() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .context("no free port")?
        .local_addr()?)
}
