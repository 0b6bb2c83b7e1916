//! The connection to the cluster, and chainpod's permissions there.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use engine::name::Scope;
use kube::config::{KubeConfigOptions, Kubeconfig};
use pods::{Account, Missing};

use crate::config::{Config, Look};

/// The time that the API server may be silent. It is longer than its watches last, so that a quiet watch is not
/// a failure.
const SILENCE_LIMIT: Duration = Duration::from_secs(310);

/// The time limit for the API server to tell its version.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// The cluster that chainpod works in.
pub(crate) struct Found {
    pub(crate) client: kube::Client,
    pub(crate) namespace: String,
    pub(crate) lease_namespace: String,
    url: String,
}

impl Found {
    /// Finds the cluster in the settings, without a request.
    ///
    /// # Errors
    /// Returns an error if no cluster is configured.
    pub(crate) async fn by(config: &Config) -> Result<Self> {
        let mut kube = kube_config(config.kubeconfig.as_deref()).await?;
        kube.read_timeout = Some(SILENCE_LIMIT);
        let namespace = config.namespace.as_ref();
        let namespace = namespace.unwrap_or(&kube.default_namespace).clone();
        Ok(Self {
            lease_namespace: config.lease_namespace.as_ref().unwrap_or(&namespace).clone(),
            namespace,
            url: kube.cluster_url.to_string(),
            client: kube::Client::try_from(kube)?,
        })
    }

    /// Returns the API server's version. It needs no permission.
    ///
    /// # Errors
    /// Returns the reason why the API server does not answer.
    pub(crate) async fn version(&self) -> Result<String, String> {
        let url = &self.url;
        match tokio::time::timeout(ANSWER_LIMIT, self.client.apiserver_version()).await {
            Ok(Ok(version)) => Ok(version.git_version),
            Ok(Err(error)) => Err(format!(
                "the kubernetes api server at {url} does not answer: {:#}",
                anyhow::Error::from(error)
            )),
            Err(_) => Err(format!(
                "the kubernetes api server at {url} does not answer in {} s",
                ANSWER_LIMIT.as_secs()
            )),
        }
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
    pub(crate) async fn tell_missing_permissions(&self, instance: &str) {
        let account = Account {
            namespace: &self.namespace,
            lease_namespace: &self.lease_namespace,
            instance,
        };
        let missing = match pods::missing_permissions(&self.client, account).await {
            Ok(missing) => missing,
            Err(error) => return tracing::warn!(%error, "cannot check chainpod's permissions"),
        };
        for Missing {
            permission,
            namespace,
            role_file,
        } in missing
        {
            tracing::error!(
                %permission,
                namespace,
                "a permission is missing: bind the Role of {role_file} to chainpod's account in this namespace"
            );
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
