//! chainpod itself, built from this checkout and served beside the lab's
//! cluster, for the tests, the demo and the benchmark.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::cluster::Cluster;
use crate::gate::Gate;

mod account;
mod build;
mod calls;

pub use self::build::{Profile, build};

/// The name under which the lab loads chainpod's image.
const IMAGE: &str = "docker.io/chainpod/chainpod:dev";
/// Its image store, in its folder.
const STORE: &str = "store";
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
    daemon: PathBuf,
    arguments: Vec<OsString>,
    cluster: Cluster,
    folder: tempfile::TempDir,
    namespace: String,
    kubeconfig: PathBuf,
    docker: SocketAddr,
}

impl Chainpod {
    /// Serves `daemon` for a new namespace of that name.
    ///
    /// # Errors
    /// When the namespace exists, or chainpod does not listen within 20 s: its log is in the error.
    pub fn start(cluster: &Cluster, daemon: &Path, namespace: &str) -> Result<Self> {
        Self::start_with(cluster, daemon, namespace, &[])
    }

    /// [`Chainpod::start`] with further options of `serve`.
    ///
    /// # Errors
    /// As there.
    pub fn start_with(cluster: &Cluster, daemon: &Path, namespace: &str, options: &[String]) -> Result<Self> {
        Self::start_through(None, cluster, daemon, namespace, options)
    }

    /// [`Chainpod::start`]; it reaches the API server through that gate.
    ///
    /// # Errors
    /// As there.
    pub fn start_behind(gate: &Gate, cluster: &Cluster, daemon: &Path, namespace: &str) -> Result<Self> {
        Self::start_through(Some(gate.address()), cluster, daemon, namespace, &[])
    }

    fn start_through(
        api: Option<SocketAddr>,
        cluster: &Cluster,
        daemon: &Path,
        namespace: &str,
        options: &[String],
    ) -> Result<Self> {
        cluster.kubectl(&["create", "namespace", namespace])?;
        cluster.kubectl(&[
            "label",
            "namespace",
            namespace,
            "pod-security.kubernetes.io/enforce=restricted",
        ])?;
        let folder = tempfile::Builder::new().prefix("chainpod-").tempdir()?;
        let kubeconfig = account::create(cluster, namespace, api, folder.path())?;
        let docker = free_port()?;
        let agents = SocketAddr::new(cluster.node_ip(), free_port()?.port());
        let mut serve = Command::new(daemon);
        serve
            .arg("serve")
            .args(["--listen", &format!("tcp://{docker}")])
            .args(["--namespace", namespace, "--instance", namespace])
            .args(["--agent-listen", &agents.to_string(), "--agent-image", IMAGE])
            .args(["--log-format", "json", "--log-filter", LOG_FILTER])
            .arg("--kubeconfig")
            .arg(&kubeconfig)
            .arg("--store")
            .arg(folder.path().join(STORE))
            .args(options);
        let arguments: Vec<_> = serve.get_args().map(OsStr::to_owned).collect();
        let mut chainpod = Self {
            child: spawn(daemon, &arguments, folder.path())?,
            daemon: daemon.to_owned(),
            arguments,
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

    /// The directory of its image store.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.folder.path().join(STORE)
    }

    /// Ends it without a word: SIGKILL.
    ///
    /// # Errors
    /// The system's.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Starts it once more as it was started, after it has ended.
    ///
    /// # Errors
    /// As [`Chainpod::start`].
    pub fn start_again(&mut self) -> Result<()> {
        self.child = spawn(&self.daemon, &self.arguments, self.folder.path())?;
        self.await_listening()
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
        calls::of(&self.log())
    }

    /// Tells it to end: SIGTERM. One that has ended already hears nothing.
    pub fn terminate(&self) {
        if let Some(pid) = rustix::process::Pid::from_raw(self.child.id().cast_signed()) {
            // An error here means that it has ended already.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
    }

    /// How it ended, if it has within `limit`.
    ///
    /// # Errors
    /// The system's.
    pub fn ended_within(&mut self, limit: Duration) -> Result<Option<ExitStatus>> {
        let deadline = Instant::now() + limit;
        loop {
            let ended = self.child.try_wait()?;
            if ended.is_some() || Instant::now() > deadline {
                return Ok(ended);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
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
        self.terminate();
        // What has not ended by itself is killed.
        let _ = self.ended_within(STOP_LIMIT);
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

/// A process whose log follows that of the one before.
fn spawn(daemon: &Path, arguments: &[OsString], folder: &Path) -> Result<Child> {
    let log = File::options()
        .create(true)
        .append(true)
        .open(folder.join("log"))?;
    Command::new(daemon)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(log.try_clone()?)
        .stdout(log)
        .spawn()
        .with_context(|| format!("cannot run {}", daemon.display()))
}

fn free_port() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .context("no free port")?
        .local_addr()?)
}
