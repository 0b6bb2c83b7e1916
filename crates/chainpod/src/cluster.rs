//! The connection to the cluster, and chainpod's permissions there.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use engine::Retry;
use engine::name::Scope;
use k8s_openapi::apimachinery::pkg::version::Info;
use kube::config::{KubeConfigOptions, Kubeconfig};

use crate::config::{Config, Look};

/// The time that the API server may be silent. It is longer than its watches last, so that a quiet watch is not
/// a failure.
const SILENCE_LIMIT: Duration = Duration::from_secs(310);

/// The retry times of the first call, because the API server may not answer yet. After the limit, chainpod
/// exits with the reason.
const OUTAGE: Retry = Retry::every(Duration::from_secs(1), Duration::from_secs(60));

/// The cluster that chainpod works in.
pub(crate) struct Found {
    pub(crate) client: kube::Client,
    pub(crate) namespace: String,
    /// The API server's version.
    pub(crate) version: String,
}

impl Found {
    /// Finds the cluster and asks its API server for its version.
    ///
    /// # Errors
    /// Returns an error if no cluster is configured, or if it does not answer.
    pub(crate) async fn by(config: &Config) -> Result<Self> {
        let mut kube = kube_config(config.kubeconfig.as_deref()).await?;
        kube.read_timeout = Some(SILENCE_LIMIT);
        let namespace = config
            .namespace
            .as_ref()
            .unwrap_or(&kube.default_namespace)
            .clone();
        let url = kube.cluster_url.clone();
        let client = kube::Client::try_from(kube)?;
        let version = answering(&client)
            .await
            .with_context(|| format!("the kubernetes api server at {url} does not answer"))?;
        Ok(Self {
            client,
            namespace,
            version: version.git_version,
        })
    }

    /// Checks that the API server answers now. It needs no permission.
    ///
    /// # Errors
    /// Returns the reason why not.
    pub(crate) async fn check(client: kube::Client) -> Result<(), String> {
        let answered = client.apiserver_version().await;
        answered
            .map(drop)
            .map_err(|error| format!("the kubernetes api server does not answer: {error}"))
    }

    /// Logs each permission that is missing. chainpod still starts, and an operation without permission fails
    /// with the API server's message.
    pub(crate) async fn tell_missing_permissions(&self) {
        match pods::missing_permissions(&self.client, &self.namespace).await {
            Ok(missing) => {
                for permission in missing {
                    tracing::error!(
                        %permission,
                        namespace = self.namespace,
                        "a permission is missing: bind the Role of {} to chainpod's account in this namespace",
                        pods::ROLE_FILE
                    );
                }
            }
            Err(error) => tracing::warn!(%error, "cannot check chainpod's permissions"),
        }
    }
}

/// The place in which a command looks for the objects of `serve`. It prints as a phrase: `in namespace …`.
pub(crate) struct Place {
    pub(crate) client: kube::Client,
    pub(crate) namespace: String,
    pub(crate) scope: Scope,
    url: String,
}

impl Place {
    /// Returns the place that the settings select, without a request.
    ///
    /// # Errors
    /// Returns an error if no cluster is configured.
    pub(crate) async fn of(look: &Look) -> Result<Self> {
        // This only fails if a provider is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut kube = kube_config(look.kubeconfig.as_deref()).await?;
        // The log of a quiet chaincode may be silent for any time. Users end the command themselves.
        kube.read_timeout = None;
        let namespace = look.namespace.clone();
        Ok(Self {
            namespace: namespace.unwrap_or_else(|| kube.default_namespace.clone()),
            scope: Scope(look.instance.clone()),
            url: kube.cluster_url.to_string(),
            client: kube::Client::try_from(kube)?,
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (namespace, instance, url) = (&self.namespace, &self.scope.0, &self.url);
        write!(f, "in namespace {namespace}, of instance {instance}, at {url}")
    }
}

/// Returns the API server's version once it answers. Waits for the API server for [`OUTAGE`] at most.
async fn answering(client: &kube::Client) -> kube::Result<Info> {
    let may_pass = |error: &kube::Error| {
        tracing::warn!(%error, "the kubernetes api server does not answer; trying again");
        true
    };
    OUTAGE.run(|| client.apiserver_version(), may_pass).await
}

/// Returns the way to reach the cluster: from this file, or else from the environment of this process.
pub(crate) async fn kube_config(file: Option<&Path>) -> Result<kube::Config> {
    let options = KubeConfigOptions::default();
    let Some(file) = file else {
        return match kube::Config::incluster() {
            Ok(config) => Ok(config),
            Err(_) => kube::Config::from_kubeconfig(&options)
                .await
                .context("no cluster is configured: run in a cluster, or set kubeconfig"),
        };
    };
    let read = Kubeconfig::read_from(file).with_context(|| format!("cannot read {}", file.display()))?;
    kube::Config::from_custom_kubeconfig(read, &options)
        .await
        .with_context(|| format!("{} is not a usable kubeconfig", file.display()))
}
