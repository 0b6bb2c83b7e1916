//! `chainpod serve`: finds the cluster and the store, wires the crates together and serves until a signal ends
//! it.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use engine::name::Scope;
use engine::ports::Event;
use engine::{Engine, Settings, StartLimits};
use pods::{AgentIdentity, KubeCluster, ServerCertificate, Told, WATCHED};
use registry::Registries;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use server::{Drain, Listener, Metrics, Readiness};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tracing::Instrument;

use crate::cluster::Found;
use crate::config::Config;
use crate::images::RuledImages;
use crate::shutdown::Signals;

/// The Secret with the CA and the token key for agents. The Role allows reading it.
pub(crate) const CREDENTIALS: &str = "chainpod-credentials";
/// The conditions for chainpod to be ready, in the order in which they come true.
const READY: [&str; 4] = [KUBERNETES, STORE, LISTENERS, RECORDS];
/// The API server answers.
const KUBERNETES: &str = "kubernetes";
/// The image store can be written to.
const STORE: &str = "store";
/// Docker clients and agents are served.
const LISTENERS: &str = "listeners";
/// All existing records and Pods are known.
const RECORDS: &str = "records";

/// Serves until SIGTERM or SIGINT, and then until all open builds and launches have ended.
pub(crate) async fn run(config: Config) -> Result<()> {
    // This only fails if a provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let signals = Signals::catch()?;
    // From now on clients that connect wait for an answer and are not refused.
    let listeners = bind(&config).await?;
    let (readiness, metrics) = (Readiness::of(&READY), Metrics::default());
    serve_admin(&config, &readiness, &metrics).await?;
    let agent_address = config.agent_address.resolve().await?;
    let found = Found::by(&config).await?;
    let client = found.client.clone();
    readiness.set(KUBERNETES, move || Found::check(client.clone()));
    found.tell_missing_permissions().await;
    let namespace = &found.namespace;
    let identity = AgentIdentity::load_or_create(found.client.clone(), namespace, CREDENTIALS)
        .await
        .with_context(|| format!("cannot read or make secret {CREDENTIALS} in namespace {namespace}"))?;
    let store = store::ImageStore::open(&config.store).await?;
    let cluster = KubeCluster::new(
        found.client.clone(),
        cluster_config(&config, namespace, &identity),
    );
    cluster.try_agent_volume().await;
    let settings = settings(&config, agent_address, &identity, &metrics);
    let engine = Engine::new(settings, Arc::new(cluster.clone()), Arc::new(store));

    let agents = TcpListener::bind(config.agent_listen)
        .await
        .with_context(|| format!("cannot listen on {} (agent-listen)", config.agent_listen))?;
    let addresses: Vec<_> = listeners.iter().map(Listener::address).collect();
    metrics.tell_of(engine.clone());
    watch(cluster, engine.clone(), readiness.clone(), metrics.clone());
    let sweeper = engine.clone();
    tokio::spawn(async move { sweeper.sweep_all().await });
    let certificate = identity.server_certificate(&[agent_address.ip().to_string()])?;
    tokio::spawn(server::agent_listener(
        agents,
        tls(&certificate)?,
        server::agents(engine.clone()),
    ));
    let drain = Drain::default();
    let docker = metrics.around(drain.around(server::docker(engine.clone())));
    for listener in listeners {
        tokio::spawn(server::docker_listener(listener, docker.clone()));
    }
    readiness.set(LISTENERS, async || Ok(()));
    readiness.set(STORE, move || check_store(engine.clone()));
    tracing::info!(
        docker = addresses.join(","),
        agents = %config.agent_listen,
        %agent_address,
        kubernetes = found.version,
        namespace,
        instance = config.instance,
        store = %config.store,
        "serving"
    );
    signals.end(&drain).await
}

async fn bind(config: &Config) -> Result<Vec<Listener>> {
    let mut listeners = Vec::new();
    for endpoint in &config.listen {
        let bound = endpoint.bind(config.tls.clone()).await;
        listeners.push(bound.with_context(|| format!("cannot listen on {endpoint} (listen)"))?);
    }
    Ok(listeners)
}

/// Serves health checks and metrics, from now on until the very end.
async fn serve_admin(config: &Config, readiness: &Readiness, metrics: &Metrics) -> Result<()> {
    let Some(address) = config.admin_listen else {
        return Ok(());
    };
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address} (admin-listen; none switches it off)"))?;
    tokio::spawn(server::admin_listener(
        listener,
        server::admin(readiness.clone(), metrics.clone()),
    ));
    Ok(())
}

async fn check_store(engine: Engine) -> std::result::Result<(), String> {
    engine.check_store().await.map_err(|error| error.to_string())
}

/// Returns the engine's settings, which do not change.
fn settings(
    config: &Config,
    agent_address: SocketAddr,
    identity: &AgentIdentity,
    metrics: &Metrics,
) -> Settings {
    Settings {
        scope: Scope(config.instance.clone()),
        agent_url: format!("https://{agent_address}"),
        token_key: identity.token_key().clone(),
        limits: StartLimits {
            unschedulable: config.unschedulable_limit,
            ..StartLimits::default()
        },
        images: Arc::new(RuledImages {
            rules: Arc::clone(&config.rules),
            registries: Registries::new(config.registry_auth.clone()),
        }),
        meter: Arc::new(metrics.clone()),
    }
}

fn cluster_config(config: &Config, namespace: &str, identity: &AgentIdentity) -> pods::Config {
    pods::Config {
        namespace: namespace.to_owned(),
        instance: config.instance.clone(),
        agent_image: config.agent_image.clone(),
        agent_volume: config.agent_volume,
        agent_ca_pem: identity.ca_pem().to_owned(),
        token_key: identity.token_key().clone(),
        default_uid: pods::Config::FABRIC_UID,
        rules: Arc::clone(&config.rules),
    }
}

/// Passes the API server's events to the engine. Records are taken in at once and in their order. The
/// consequences of a Pod's event may have to wait for the API server, and nothing waits for them.
fn watch(cluster: KubeCluster, engine: Engine, readiness: Readiness, metrics: Metrics) {
    let (sender, mut told) = mpsc::unbounded_channel();
    tokio::spawn(pods::watch(Arc::new(cluster), move |told| {
        // The receiver lives as long as the process.
        let _ = sender.send(told);
    }));
    tokio::spawn(async move {
        let mut listed = HashSet::new();
        while let Some(told) = told.recv().await {
            match told {
                Told::Event(event) => observe(&engine, event).await,
                Told::Listed(kind) => {
                    if listed.insert(kind) && listed.len() == WATCHED.len() {
                        readiness.set(RECORDS, async || Ok(()));
                        let engine = engine.clone();
                        tokio::spawn(async move { engine.end_vanished().await });
                    }
                }
                Told::Broke(kind) => metrics.watch_broke(kind),
            }
        }
    });
}

async fn observe(engine: &Engine, event: Event) {
    let is_record = matches!(event, Event::Record(_) | Event::RecordGone(..));
    let engine = engine.clone();
    let observing = async move {
        if let Err(error) = engine.observe(event).await {
            tracing::warn!(%error, "cannot read the record of an event");
        }
    };
    if is_record {
        observing.await;
    } else {
        tokio::spawn(observing.instrument(engine::span()));
    }
}

fn tls(certificate: &ServerCertificate) -> Result<Arc<ServerConfig>> {
    let chain = CertificateDer::pem_slice_iter(certificate.chain_pem.as_bytes()).collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_slice(certificate.key_pem.as_bytes())?;
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(Arc::new(config))
}
