//! chainpod itself, built from this checkout and served next to the lab's cluster, for the tests, the demo
//! and the benchmark.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use lab::cluster::{Cluster, Namespace};
use lab::docker::Docker;
use lab::docker_tls::DockerTls;
use lab::gate::Gate;
use lab::machine;
use lab::storage::Storage;

mod account;
mod build;
mod calls;
mod others;
mod process;
mod registries;

pub use image::compile::Profile;

pub use self::build::{build, earlier};
pub use self::registries::Registries;

/// The name under which the lab loads chainpod's image.
const IMAGE: &str = "docker.io/chainpod/chainpod:dev";
/// The objects in every namespace of a chainpod that chainpod did not make.
const NOT_OURS: [&str; 4] = [
    "configmap/kube-root-ca.crt",
    "secret/chainpod-credentials",
    registries::CONFIG_MAP,
    registries::SECRET,
];
/// Its image store, in its folder.
const STORE: &str = "store";
/// The log filter of chainpod here, which includes each call of a peer.
const LOG_FILTER: &str = "info,server=debug";
/// The time limit for chainpod to exit after SIGTERM, before it is killed.
const STOP_LIMIT: Duration = Duration::from_secs(5);

/// A running `chainpod serve` with a namespace of its own that enforces `restricted`. It is a
/// ServiceAccount with the repository's Role there, and nobody elsewhere.
pub struct Chainpod {
    child: Child,
    daemon: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(&'static str, String)>,
    folder: tempfile::TempDir,
    /// Goes with the last instance in it.
    namespace: Arc<Namespace>,
    kubeconfig: PathBuf,
    docker: SocketAddr,
    admin: SocketAddr,
    agents: SocketAddr,
    tls: Option<DockerTls>,
}

/// An earlier chainpod.
pub struct Earlier {
    /// Its daemon.
    pub daemon: PathBuf,
    /// The image with its agent, for `agent-image`.
    pub image: &'static str,
}

/// The options that only some chainpods have.
#[derive(Default)]
struct With<'a> {
    /// Another way to the API server.
    api: Option<SocketAddr>,
    /// Further options of `serve`.
    options: &'a [String],
    /// The service with its images.
    storage: Option<&'a Storage>,
    /// The store of another one, instead of its own.
    store: Option<PathBuf>,
}

impl With<'_> {
    fn store(&self, folder: &Path, namespace: &str) -> OsString {
        match (self.storage, &self.store) {
            (Some(storage), _) => storage.bucket(namespace).into(),
            (None, Some(store)) => store.into(),
            (None, None) => folder.join(STORE).into(),
        }
    }
}

impl Chainpod {
    /// Serves `daemon` for a new namespace of that name.
    ///
    /// # Errors
    /// Returns an error if the namespace exists, or chainpod does not listen within 20 s: its log is in the error.
    pub fn start(cluster: &Cluster, daemon: &Path, namespace: &str) -> Result<Self> {
        Self::start_with(cluster, daemon, namespace, &[])
    }

    /// [`Chainpod::start`] with further options of `serve`.
    ///
    /// # Errors
    /// Returns the errors of [`Chainpod::start`].
    pub fn start_with(cluster: &Cluster, daemon: &Path, namespace: &str, options: &[String]) -> Result<Self> {
        let with = With {
            options,
            ..With::default()
        };
        Self::start_as(&with, cluster, daemon, namespace)
    }

    /// Does the work of [`Chainpod::start`], but chainpod reaches the API server through that gate.
    ///
    /// # Errors
    /// Returns the errors of [`Chainpod::start`].
    pub fn start_behind(gate: &Gate, cluster: &Cluster, daemon: &Path, namespace: &str) -> Result<Self> {
        let with = With {
            api: Some(gate.address()),
            ..With::default()
        };
        Self::start_as(&with, cluster, daemon, namespace)
    }

    /// Does the work of [`Chainpod::start`], but the images are in a bucket, below the namespace's name.
    ///
    /// # Errors
    /// Returns the errors of [`Chainpod::start`].
    pub fn start_with_bucket(
        storage: &Storage,
        cluster: &Cluster,
        daemon: &Path,
        namespace: &str,
    ) -> Result<Self> {
        let with = With {
            storage: Some(storage),
            ..With::default()
        };
        Self::start_as(&with, cluster, daemon, namespace)
    }

    fn start_as(with: &With<'_>, cluster: &Cluster, daemon: &Path, namespace: &str) -> Result<Self> {
        let namespace = Namespace::create(cluster, namespace, "restricted")?;
        let folder = folder()?;
        let kubeconfig = account::create(&namespace, with.api, folder.path())?;
        let instance = namespace.name().to_owned();
        Self::serve(daemon, Arc::new(namespace), &instance, (folder, kubeconfig), with)
    }

    fn serve(
        daemon: &Path,
        namespace: Arc<Namespace>,
        instance: &str,
        account: (tempfile::TempDir, PathBuf),
        with: &With<'_>,
    ) -> Result<Self> {
        let mut chainpod = Self::listen(daemon, namespace, instance, account, with)?;
        chainpod.await_serving()?;
        Ok(chainpod)
    }

    fn listen(
        daemon: &Path,
        namespace: Arc<Namespace>,
        instance: &str,
        (folder, kubeconfig): (tempfile::TempDir, PathBuf),
        with: &With<'_>,
    ) -> Result<Self> {
        let docker = machine::free_port()?;
        let admin = machine::free_port()?;
        let agents = SocketAddr::new(namespace.cluster().node_ip(), machine::free_port()?.port());
        let mut serve = Command::new(daemon);
        serve
            .arg("serve")
            .args(["--listen", &format!("tcp://{docker}")])
            .args(["--namespace", namespace.name(), "--instance", instance])
            .args(unless_given(with.options, "--agent-listen", &agents.to_string()))
            .args(unless_given(with.options, "--agent-image", IMAGE))
            .args(["--admin-listen", &admin.to_string()])
            .args(["--log-format", "json", "--log-filter", LOG_FILTER])
            .arg("--kubeconfig")
            .arg(&kubeconfig)
            .arg("--store")
            .arg(with.store(folder.path(), namespace.name()))
            .args(with.options);
        let arguments: Vec<_> = serve.get_args().map(OsStr::to_owned).collect();
        let mut environment = with.storage.map(Storage::environment).unwrap_or_default();
        // One that is started again leads at once. An earlier chainpod knows no such option.
        environment.push(("CHAINPOD_LEASE_IDENTITY", format!("{instance}-{}", docker.port())));
        let mut chainpod = Self {
            child: process::spawn(daemon, &arguments, &environment, folder.path())?,
            daemon: daemon.to_owned(),
            arguments,
            environment,
            folder,
            namespace,
            kubeconfig,
            docker,
            admin,
            agents,
            tls: None,
        };
        chainpod.await_listening()?;
        Ok(chainpod)
    }

    /// [`Chainpod::start`] with TLS for Docker clients, who must have a certificate of `tls`.
    ///
    /// # Errors
    /// Returns the errors of [`Chainpod::start`].
    pub fn start_with_tls(cluster: &Cluster, daemon: &Path, namespace: &str, tls: DockerTls) -> Result<Self> {
        let options = [
            ("--tls-cert", tls.server_certificate()),
            ("--tls-key", tls.server_key()),
            ("--tls-client-ca", tls.ca()),
        ]
        .map(|(option, file)| format!("{option}={}", file.display()));
        let mut chainpod = Self::start_with(cluster, daemon, namespace, &options)?;
        chainpod.tls = Some(tls);
        Ok(chainpod)
    }

    /// Its Docker Engine API.
    ///
    /// # Errors
    /// Returns an error if the lab's certificates cannot be read.
    pub fn api(&self) -> Result<Docker> {
        match &self.tls {
            Some(tls) => Docker::with_tls(self.docker, tls),
            None => Ok(Docker::new(self.docker)),
        }
    }

    /// The endpoint for `CORE_VM_ENDPOINT`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("tcp://{}", self.docker)
    }

    /// Returns the address of `/livez`, `/readyz` and `/metrics`.
    #[must_use]
    pub const fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// Returns the address for agents.
    #[must_use]
    pub const fn agents(&self) -> SocketAddr {
        self.agents
    }

    /// The image that has the agent.
    #[must_use]
    pub const fn agent_image() -> &'static str {
        IMAGE
    }

    /// Returns the address for Docker clients.
    #[must_use]
    pub const fn docker(&self) -> SocketAddr {
        self.docker
    }

    /// The namespace of its Pods.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.namespace.name()
    }

    /// Returns the names of the objects of these kinds in its namespace, without those that every namespace
    /// has. Further arguments of `kubectl get` select among them.
    ///
    /// # Errors
    /// Returns kubectl's error.
    pub fn objects(&self, kinds: &str, more: &[&str]) -> Result<Vec<String>> {
        let names = self.kubectl(&[&["get", kinds, "-o", "name"], more].concat())?;
        let ours = names.lines().filter(|name| !NOT_OURS.contains(name));
        Ok(ours.map(str::to_owned).collect())
    }

    /// kubectl in its namespace, as the cluster's admin.
    ///
    /// # Errors
    /// Returns kubectl's standard error.
    pub fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        self.namespace.kubectl(arguments)
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

    /// Returns the names of the unfinished files in its image store.
    #[must_use]
    pub fn unfinished(&self) -> Vec<String> {
        let boots = self.store().join("tmp");
        let all = crate::files(&boots).into_iter();
        all.flat_map(|boot| crate::files(&boots.join(boot))).collect()
    }

    /// Returns its log.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// The Docker calls that it has answered, in the order of their answers: `POST /containers/create → 201`.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        calls::of(&self.log())
    }
}

impl Drop for Chainpod {
    fn drop(&mut self) {
        self.terminate();
        // What has not ended by itself is killed.
        let _ = self.ended_within(STOP_LIMIT);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An option and its value, for one that `given` has not.
fn unless_given<'a>(given: &[String], name: &'a str, value: &'a str) -> Vec<&'a str> {
    let is_it = |option: &String| option.split('=').next() == Some(name);
    if given.iter().any(is_it) {
        Vec::new()
    } else {
        vec![name, value]
    }
}

fn folder() -> Result<tempfile::TempDir> {
    Ok(tempfile::Builder::new().prefix("chainpod-").tempdir()?)
}
