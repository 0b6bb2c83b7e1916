//! Certificates for a Docker endpoint with TLS: what its server needs, and what a
//! peer with `CORE_VM_DOCKER_TLS_ENABLED` needs. One set for the whole lab, and others
//! for endpoints that have names of their own.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::cache::{self, Inputs};
use crate::certificates::{Authority, server_names};
use crate::machine::node_ip;

/// Raised when the way they are made changes.
const RECIPE: &str = "2";
/// The authority's name.
const AUTHORITY: &str = "docker-ca";
/// The server's files, and its certificate's common name.
const SERVER: (&str, &str) = ("server", "docker");

/// An authority that both sides trust, a server's certificate and a client's.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DockerTls {
    folder: PathBuf,
}

impl DockerTls {
    /// The lab's, from the cache: the server is `localhost`, 127.0.0.1 or this machine's address.
    ///
    /// # Errors
    /// Returns an error if the cache cannot be written.
    pub fn lab() -> Result<Self> {
        let ip = node_ip()?;
        let inputs = Inputs::default().text(RECIPE).text(&ip.to_string());
        let folder = cache::artefact("docker-tls", inputs, |out| {
            make(out, &["localhost"], &[ip, Ipv4Addr::LOCALHOST.into()])
        })?;
        Ok(Self { folder })
    }

    /// Makes new certificates in that folder. The server's has these names.
    ///
    /// # Errors
    /// Returns an error if a name is not a DNS name, or if the folder cannot be written.
    pub fn new(folder: &Path, names: &[&str]) -> Result<Self> {
        make(folder, names, &[])?;
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    /// A new certificate of the server, with these names, of the same authority.
    ///
    /// # Errors
    /// Returns the errors of [`Self::new`].
    pub fn renew(&self, names: &[&str]) -> Result<()> {
        let authority = Authority::open(&self.folder, AUTHORITY)?;
        issue_server(&authority, &self.folder, names, &[])
    }

    /// The authority's certificate: `CORE_VM_DOCKER_TLS_CA_FILE`, and the endpoint's CA of clients.
    #[must_use]
    pub fn ca(&self) -> PathBuf {
        self.folder.join("ca.crt")
    }

    /// The endpoint's certificate.
    #[must_use]
    pub fn server_certificate(&self) -> PathBuf {
        self.folder.join("server.crt")
    }

    /// The key of the endpoint's certificate.
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

fn make(folder: &Path, names: &[&str], addresses: &[IpAddr]) -> Result<()> {
    let authority = Authority::new(folder, AUTHORITY)?;
    issue_server(&authority, folder, names, addresses)?;
    authority.issue(folder, "client", ("peer", ""), Vec::new())
}

fn issue_server(authority: &Authority, folder: &Path, names: &[&str], addresses: &[IpAddr]) -> Result<()> {
    let (file, common_name) = SERVER;
    authority.issue(folder, file, (common_name, ""), server_names(names, addresses)?)
}
