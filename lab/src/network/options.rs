//! The options of a network.

use serde::{Deserialize, Serialize};

use super::fabric::Fabric;
use super::ports::PEERS_MAX;
use crate::docker_tls::DockerTls;

/// The options of a network.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NetworkOptions {
    pub(super) name: String,
    pub(super) docker_endpoint: String,
    pub(super) fabric: Fabric,
    pub(super) tls: bool,
    pub(super) docker_tls: Option<DockerTls>,
    pub(super) peers: u16,
    pub(super) env: Vec<(String, String)>,
    /// Its programs are Pods there; else processes of this machine.
    #[serde(default)]
    pub(super) namespace: Option<String>,
    /// The Secret there with the peers' certificate for their Docker endpoint.
    #[serde(default)]
    pub(super) docker_secret: Option<String>,
}

impl NetworkOptions {
    /// A network of that name: Fabric 2.5, TLS, and one peer, which starts chaincode at that
    /// `CORE_VM_ENDPOINT`.
    #[must_use]
    pub fn new(name: &str, docker_endpoint: &str) -> Self {
        Self {
            name: name.to_owned(),
            docker_endpoint: docker_endpoint.to_owned(),
            fabric: Fabric::default(),
            tls: true,
            docker_tls: None,
            peers: 1,
            env: Vec::new(),
            namespace: None,
            docker_secret: None,
        }
    }

    /// Of that version.
    #[must_use]
    pub const fn fabric(mut self, fabric: Fabric) -> Self {
        self.fabric = fabric;
        self
    }

    /// Peers and orderer speak without TLS.
    #[must_use]
    pub const fn no_tls(mut self) -> Self {
        self.tls = false;
        self
    }

    /// The peers speak TLS to their Docker endpoint, with a certificate of theirs.
    #[must_use]
    pub fn docker_tls(mut self, tls: DockerTls) -> Self {
        self.docker_tls = Some(tls);
        self
    }

    /// With that many peers of one organisation, 1 to [`PEERS_MAX`].
    #[must_use]
    pub const fn peers(mut self, peers: u16) -> Self {
        self.peers = peers;
        self
    }

    /// Sets an environment variable of the peers. It takes precedence over the lab's own value.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Its orderer and peers are Deployments in that namespace of the lab's cluster, which is there.
    #[must_use]
    pub fn in_cluster(mut self, namespace: &str) -> Self {
        self.namespace = Some(namespace.to_owned());
        self
    }

    /// In a cluster: the peers speak TLS to their Docker endpoint, with `ca.crt`, `tls.crt` and `tls.key` of that
    /// Secret.
    #[must_use]
    pub fn docker_secret(mut self, name: &str) -> Self {
        self.docker_secret = Some(name.to_owned());
        self
    }

    pub(super) fn check(&self) -> anyhow::Result<()> {
        super::check_name(&self.name)?;
        anyhow::ensure!(
            (1..=PEERS_MAX).contains(&self.peers),
            "a network has 1 to {PEERS_MAX} peers, not {}",
            self.peers
        );
        Ok(())
    }
}
