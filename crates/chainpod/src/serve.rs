//! `chainpod serve`: finds the cluster and the store, wires the crates together
//! and serves until it is told to end.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use engine::name::Scope;
use engine::ports::Event;
use engine::{Engine, Settings};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube_adapter::{AgentIdentity, KubeCluster, ServerCertificate};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::cli::Serve;

/// The Secret with the CA and the token key that agents trust: the one that the Role lets be read.
const CREDENTIALS: &str = "chainpod-credentials";
/// How long the API server may say nothing: longer than its watches last, so that a quiet watch is
/// no failure.
const SILENCE_LIMIT: Duration = Duration::from_secs(310);

/// Serves until SIGTERM or SIGINT.
pub(crate) async fn run(options: Serve) -> Result<()> {
    // Fails only where another is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = client(options.kubeconfig.as_deref()).await?;
    let version = client
        .apiserver_version()
        .await
        .context("the kubernetes api server does not answer")?;
    let identity = AgentIdentity::load_or_create(client.clone(), &options.namespace, CREDENTIALS)
        .await
        .with_context(|| {
            format!(
                "cannot read or make secret {CREDENTIALS} in namespace {}",
                options.namespace
            )
        })?;
    let store = store::LocalStore::open(&options.store).await?;
    let cluster = KubeCluster::new(client, cluster_config(&options, &identity));
    let settings = Settings {
        scope: Scope(options.instance.clone()),
        agent_url: format!("https://{}", options.agent_address),
        token_key: identity.token_key().clone(),
    };
    let engine = Engine::new(settings, Arc::new(cluster.clone()), Arc::new(store));
    watch(cluster, engine.clone());

    let certificate = identity.server_certificate(&[options.agent_address.ip().to_string()])?;
    let agents = listen(options.agent_listen, "--agent-listen").await?;
    tokio::spawn(server::agent_listener(
        agents,
        tls(&certificate)?,
        server::agents(engine.clone()),
    ));
    let docker = listen(options.listen.0, "--listen").await?;
    tokio::spawn(server::docker_listener(docker, server::docker(engine)));
    tracing::info!(
        docker = %options.listen.0,
        agents = %options.agent_listen,
        kubernetes = version.git_version,
        namespace = options.namespace,
        instance = options.instance,
        store = %options.store.display(),
        "serving"
    );
    told_to_end().await
}

async fn client(kubeconfig: Option<&Path>) -> Result<kube::Client> {
    let mut config = match kubeconfig {
        Some(file) => {
            let read =
                Kubeconfig::read_from(file).with_context(|| format!("cannot read {}", file.display()))?;
            kube::Config::from_custom_kubeconfig(read, &KubeConfigOptions::default())
                .await
                .with_context(|| format!("{} leads to no cluster", file.display()))?
        }
        None => kube::Config::infer()
            .await
            .context("no cluster is known: run in one, or give --kubeconfig")?,
    };
    config.read_timeout = Some(SILENCE_LIMIT);
    Ok(kube::Client::try_from(config)?)
}

fn cluster_config(options: &Serve, identity: &AgentIdentity) -> kube_adapter::Config {
    kube_adapter::Config {
        namespace: options.namespace.clone(),
        instance: options.instance.clone(),
        agent_image: options.agent_image.clone(),
        agent_ca_pem: identity.ca_pem().to_owned(),
        token_key: identity.token_key().clone(),
        default_uid: kube_adapter::Config::FABRIC_UID,
    }
}

/// Lets the engine hear what the API server tells. Records are taken in at once and in their order; what
/// a Pod's event leads to may have to wait for the API server, and nothing waits for that.
fn watch(cluster: KubeCluster, engine: Engine) {
    let (sender, mut events) = mpsc::unbounded_channel();
    tokio::spawn(kube_adapter::watch(Arc::new(cluster), move |event| {
        // The receiver lives as long as the process.
        let _ = sender.send(event);
    }));
    tokio::spawn(async move {
        while let Some(event) = events.recv().await {
            match event {
                Event::Record(_) | Event::RecordGone(..) => engine.observe(event).await,
                Event::Pod(_) | Event::PodGone(_) | Event::Agent(..) => {
                    let engine = engine.clone();
                    tokio::spawn(async move { engine.observe(event).await });
                }
            }
        }
    });
}

async fn listen(address: SocketAddr, option: &str) -> Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address} ({option})"))
}

fn tls(certificate: &ServerCertificate) -> Result<Arc<ServerConfig>> {
    let chain = CertificateDer::pem_slice_iter(certificate.chain_pem.as_bytes()).collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_slice(certificate.key_pem.as_bytes())?;
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(Arc::new(config))
}

async fn told_to_end() -> Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let name = tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    };
    tracing::info!(signal = name, "ending; chaincode that runs goes on");
    Ok(())
}
