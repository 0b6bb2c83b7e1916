//! `chainpod serve`: listens from the first moment, waits until it leads its installation, opens the store and
//! the engine, and serves until a signal ends it.

mod patience;
mod wiring;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use engine::Engine;
use engine::name::BootId;
use engine::ports::ClusterError;
use pods::{AgentIdentity, CredentialsError, HeldLease, KubeCluster, Lease};
use server::{Connections, Drain, Gate, Metrics, Readiness};
use tokio::net::TcpListener;

use self::patience::until;
use crate::cluster::Found;
use crate::config::Config;
use crate::essential;
use crate::shutdown::Signals;

/// The Secret with the CA and the token key for agents. The Role allows reading it.
pub(crate) const CREDENTIALS: &str = "chainpod-credentials";
/// The file with this machine's name, which is the Pod's name in a Pod.
const HOST_NAME: &str = "/proc/sys/kernel/hostname";
/// The conditions for chainpod to be ready, in the order in which they come true.
const READY: [&str; 6] = [AGENT_ADDRESS, KUBERNETES, LEASE, STORE, LISTENERS, RECORDS];
/// The address for agents is known.
const AGENT_ADDRESS: &str = "agent-address";
/// The API server answers.
const KUBERNETES: &str = "kubernetes";
/// This process leads the installation.
const LEASE: &str = "lease";
/// The image store can be written to.
const STORE: &str = "store";
/// Docker clients and agents are served.
const LISTENERS: &str = "listeners";
/// All existing records and Pods are known.
const RECORDS: &str = "records";

/// The facts that are known as soon as this process leads.
struct Led {
    agents: SocketAddr,
    /// The API server's version.
    kubernetes: String,
    /// The addresses for Docker clients.
    docker: String,
}

/// The parts that live as long as the process.
struct Process {
    config: Config,
    found: Found,
    readiness: Readiness,
    metrics: Metrics,
    gate: Gate,
    drain: Drain,
}

/// Serves until SIGTERM or SIGINT, and then until all open builds and launches have ended.
pub(crate) async fn run(config: Config) -> Result<()> {
    // This only fails if a provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut signals = Signals::catch()?;
    let process = Process {
        found: Found::by(&config).await?,
        config,
        readiness: Readiness::of(&READY),
        metrics: Metrics::default(),
        gate: Gate::default(),
        drain: Drain::default(),
    };
    server::note_panics(process.metrics.clone());
    let docker = process.listen().await?;
    let (led, lease) = tokio::select! {
        led = process.leads(docker) => led,
        signal = signals.next() => return ended_early(signal),
    };
    let mut lost = tokio::spawn(lease.clone().lost());
    let ended = tokio::select! {
        ended = process.serve(&led, signals) => ended,
        lost = &mut lost => bail!("lost the lease {}: {} holds it; ending at once", process.lease_name(), lost?),
    };
    lost.abort();
    lease.release().await;
    ended
}

/// A signal before anything is served: there is nothing to wait for.
fn ended_early(signal: &str) -> Result<()> {
    tracing::info!(signal, "ended before it served");
    Ok(())
}

impl Process {
    /// Listens for Docker clients and the operator's tools, from now on until the very end. Returns the
    /// addresses for Docker clients.
    async fn listen(&self) -> Result<String> {
        let (mut addresses, connections) = (Vec::new(), Connections::new(self.config.max_connections));
        for endpoint in &self.config.listen {
            let bound = endpoint.bind(self.config.tls.clone()).await;
            let listener = bound.with_context(|| format!("cannot listen on {endpoint} (listen)"))?;
            addresses.push(listener.address());
            essential::spawn(server::docker_listener(
                listener,
                self.gate.routes(),
                connections.clone(),
            ));
        }
        let addresses = addresses.join(",");
        let Some(address) = self.config.admin_listen else {
            return Ok(addresses);
        };
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen on {address} (admin-listen; none switches it off)"))?;
        let routes = server::admin(self.readiness.clone(), self.metrics.clone());
        essential::spawn(server::admin_listener(listener, routes));
        Ok(addresses)
    }

    /// Waits for the agents' address, the API server and the Lease, in this order, however long that takes.
    async fn leads(&self, docker: String) -> (Led, HeldLease) {
        let Self {
            config,
            found,
            readiness,
            ..
        } = self;
        let agents = until(readiness, AGENT_ADDRESS, async || {
            config.agent_address.resolve().await
        })
        .await;
        let kubernetes = until(readiness, KUBERNETES, async || found.version().await).await;
        let client = found.client.clone();
        readiness.set(KUBERNETES, move || Found::check(client.clone()));
        found.tell_missing_permissions(&config.instance).await;
        let identity = config.lease_identity.clone().unwrap_or_else(own_identity);
        let client = found.client.clone();
        let mut lease = Lease::new(client, &found.lease_namespace, &config.instance, &identity);
        let held = until(readiness, LEASE, async || {
            let taken = lease.try_take().await;
            taken.map_err(|why| format!("{}: {why}", self.lease_name()))
        });
        let held = held.await;
        tracing::info!(lease = self.lease_name(), identity, "leads");
        let led = Led {
            agents,
            kubernetes,
            docker,
        };
        (led, held)
    }

    fn lease_name(&self) -> String {
        format!(
            "{}/{}",
            self.found.lease_namespace,
            Lease::name(&self.config.instance)
        )
    }

    /// Opens everything and serves until a signal ends that. Only the leader may call it.
    async fn serve(&self, led: &Led, mut signals: Signals) -> Result<()> {
        tokio::select! {
            started = self.start(led) => started?,
            signal = signals.next() => return ended_early(signal),
        }
        signals.end(&self.drain).await
    }

    async fn start(&self, led: &Led) -> Result<()> {
        let Self {
            config,
            found,
            readiness,
            metrics,
            ..
        } = self;
        let identity = self.identity().await?;
        let store = store::ImageStore::open(&config.store).await?;
        let cluster = KubeCluster::new(
            found.client.clone(),
            wiring::cluster_config(config, &found.namespace, &identity),
        );
        cluster.try_agent_volume().await;
        let settings = wiring::settings(config, led.agents, &identity, metrics);
        let engine = Engine::new(settings, Arc::new(cluster.clone()), Arc::new(store));

        let agents = TcpListener::bind(config.agent_listen)
            .await
            .with_context(|| format!("cannot listen on {} (agent-listen)", config.agent_listen))?;
        metrics.tell_of(engine.clone());
        wiring::watch(cluster, engine.clone(), readiness.clone(), metrics.clone());
        let sweeper = engine.clone();
        essential::spawn(async move { sweeper.sweep_all().await });
        let certificate = identity.server_certificate(&[led.agents.ip().to_string()])?;
        essential::spawn(server::agent_listener(
            agents,
            wiring::tls(&certificate)?,
            server::agents(engine.clone()),
            Connections::new(config.max_connections),
        ));
        let routes = self.drain.around(server::docker(engine.clone()));
        readiness.set(STORE, move || check_store(engine.clone()));
        tracing::info!(
            docker = led.docker,
            agents = %config.agent_listen,
            agent_address = %led.agents,
            kubernetes = led.kubernetes,
            namespace = found.namespace,
            instance = config.instance,
            store = %config.store,
            "serving"
        );
        self.gate.open(metrics.around(routes));
        readiness.set(LISTENERS, async || Ok(()));
        Ok(())
    }

    /// Returns chainpod's identity for its agents, however long the API server is away.
    async fn identity(&self) -> Result<AgentIdentity> {
        let (client, namespace) = (&self.found.client, &self.found.namespace);
        let loaded = until(
            &self.readiness,
            KUBERNETES,
            async || match AgentIdentity::load_or_create(client.clone(), namespace, CREDENTIALS).await {
                Err(error @ CredentialsError::Cluster(ClusterError::Unavailable(_))) => Err(error),
                loaded => Ok(loaded),
            },
        );
        let loaded = loaded.await;
        let client = client.clone();
        self.readiness
            .set(KUBERNETES, move || Found::check(client.clone()));
        loaded.map_err(|error| {
            anyhow!(error).context(format!(
                "cannot read or make secret {CREDENTIALS} in namespace {namespace}"
            ))
        })
    }
}

/// Returns a name that no other process has, now or later.
fn own_identity() -> String {
    let host = std::fs::read_to_string(HOST_NAME).unwrap_or_default();
    let random: String = BootId::random().0.chars().take(8).collect();
    format!("{}-{}-{random}", host.trim(), std::process::id())
}

async fn check_store(engine: Engine) -> std::result::Result<(), String> {
    engine.check_store().await.map_err(|error| error.to_string())
}
