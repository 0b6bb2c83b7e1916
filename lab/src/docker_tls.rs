//! Certificates for a Docker endpoint with TLS: what its server needs, and what a
//! peer with `CORE_VM_DOCKER_TLS_ENABLED` needs. One set for the whole lab.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::cache::{self, Inputs};
use crate::certificates::{Authority, server_names};
use crate::cluster::node_ip;

/// Raised when the way they are made changes.
const RECIPE: &str = "2";

/// An authority that both sides trust, a server's certificate and a client's.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DockerTls {
    folder: PathBuf,
}

impl DockerTls {
    /// The lab's, from the cache: the server is `localhost`, 127.0.0.1 or this machine's address.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub fn lab() -> Result<Self> {
        let ip = node_ip()?;
        let inputs = Inputs::default().text(RECIPE).text(&ip.to_string());
        let folder = cache::artefact("docker-tls", inputs, |out| {
            let authority = Authority::new(out, "docker-ca")?;
            let names = server_names(&["localhost"], &[ip, Ipv4Addr::LOCALHOST.into()])?;
            authority.issue(out, "server", ("docker", ""), names)?;
            authority.issue(out, "client", ("peer", ""), Vec::new())
        })?;
        Ok(Self { folder })
    }

    /// The authority's certificate: `CORE_VM_DOCKER_TLS_CA_FILE`, and `chainpod serve --tls-client-ca`.
    #[must_use]
    pub fn ca(&self) -> PathBuf {
        self.folder.join("ca.crt")
    }

    /// For `chainpod serve --tls-cert`.
    #[must_use]
    pub fn server_certificate(&self) -> PathBuf {
        self.folder.join("server.crt")
    }

    /// For `chainpod serve --tls-key`.
    #[must_use]
    pub fn server_key(&self) -> PathBuf {
        self.folder.join("server.key")
    }

    /// `CORE_VM_DOCKER_TLS_CERT_FILE`.
    #[must_use]
    pub fn client_certificate(&self) -> PathBuf {
        self.folder.join("client.crt")
    }

    /// `CORE_VM_DOCKER_TLS_KEY_FILE`.
    #[must_use]
    pub fn client_key(&self) -> PathBuf {
        self.folder.join("client.key")
    }
}
