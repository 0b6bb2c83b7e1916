//! The values that connect the crates, and the way of the API server's events into the engine.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use engine::name::Scope;
use engine::ports::Event;
use engine::{Engine, Settings, StartLimits};
use pods::{AgentIdentity, KubeCluster, ServerCertificate, Told, WATCHED};
use registry::Registries;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use server::{Metrics, Readiness};
use tokio::sync::mpsc;
use tracing::Instrument;

use super::RECORDS;
use crate::config::Config;
use crate::essential;
use crate::images::RuledImages;

/// Returns the engine's settings, which do not change.
pub(super) fn settings(
    config: &Config,
    agent_address: SocketAddr,
    identity: &AgentIdentity,
    metrics: &Metrics,
) -> Settings {
    Settings {
        scope: Scope(config.instance.clone()),
        agent_url: format!("https://{agent_address}"),
        token_key: identity.token_key().clone(),
        max_containers: config.max_containers,
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

pub(super) fn cluster_config(config: &Config, namespace: &str, identity: &AgentIdentity) -> pods::Config {
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
/// consequences of a Pod's event may have to wait for the API server, and no other event waits for them.
pub(super) fn watch(cluster: KubeCluster, engine: Engine, readiness: Readiness, metrics: Metrics) {
    let (sender, mut told) = mpsc::unbounded_channel();
    essential::spawn(pods::watch(Arc::new(cluster), move |told| {
        // The receiver lives as long as the process.
        let _ = sender.send(told);
    }));
    essential::spawn(async move {
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

pub(super) fn tls(certificate: &ServerCertificate) -> Result<Arc<ServerConfig>> {
    let chain = CertificateDer::pem_slice_iter(certificate.chain_pem.as_bytes()).collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_slice(certificate.key_pem.as_bytes())?;
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(Arc::new(config))
}
