//! The Docker Engine API from a client's side: the few calls that benchmarks and the story make in addition
//! to the peers' calls.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, AsSendBody};

use crate::docker_tls::DockerTls;

/// Longer than any start may take.
const CALL_LIMIT: Duration = Duration::from_secs(300);

/// The certificates and the key of a client with TLS, as PEM.
pub struct ClientTls {
    /// The CA that must have signed the server's certificate.
    pub ca: Vec<u8>,
    /// The client's own certificate, and its key.
    pub identity: Option<(Vec<u8>, Vec<u8>)>,
}

/// A Docker Engine API endpoint.
pub struct Docker {
    url: String,
    agent: Agent,
}

impl Docker {
    /// The endpoint at that address.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        Self::at(format!("http://{address}"), address, TlsConfig::default())
    }

    /// The endpoint at that address, with TLS and a certificate of ours.
    ///
    /// # Errors
    /// Returns an error if the certificates cannot be read.
    pub fn with_tls(address: SocketAddr, tls: &DockerTls) -> Result<Self> {
        let client = ClientTls {
            ca: fs::read(tls.ca())?,
            identity: Some((fs::read(tls.client_certificate())?, fs::read(tls.client_key())?)),
        };
        Self::secured(format!("https://{address}"), address, &client)
    }

    /// The endpoint at that address, which must have a certificate of that name.
    ///
    /// # Errors
    /// Returns an error if what the client has cannot be read.
    pub fn called(name: &str, address: SocketAddr, tls: &ClientTls) -> Result<Self> {
        Self::secured(format!("https://{name}:{}", address.port()), address, tls)
    }

    fn secured(url: String, address: SocketAddr, tls: &ClientTls) -> Result<Self> {
        // An error means that another endpoint has set it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = |(certificate, key): &(Vec<u8>, Vec<u8>)| -> Result<_> {
            let chain = [Certificate::from_pem(certificate)?];
            Ok(ClientCert::new_with_certs(&chain, PrivateKey::from_pem(key)?))
        };
        let config = TlsConfig::builder()
            .root_certs(RootCerts::new_with_certs(&[Certificate::from_pem(&tls.ca)?]))
            .client_cert(tls.identity.as_ref().map(client).transpose()?);
        Ok(Self::at(url, address, config.build()))
    }

    fn at(url: String, address: SocketAddr, tls: TlsConfig) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(CALL_LIMIT))
            .tls_config(tls);
        Self {
            agent: Agent::with_parts(config.build(), DefaultConnector::default(), One(address)),
            url,
        }
    }

    /// Builds an image from a tar.
    ///
    /// # Errors
    /// Returns Docker's own message, like all calls here.
    pub fn build(&self, tag: &str, context: impl AsSendBody) -> Result<()> {
        self.post(&format!("/build?t={tag}"), context).map(drop)
    }

    /// Pulls an image.
    ///
    /// # Errors
    /// Returns Docker's own message.
    pub fn pull(&self, name: &str) -> Result<()> {
        self.post(&format!("/images/create?fromImage={name}"), &[])
            .map(drop)
    }

    /// Creates a container. Returns Docker's warnings.
    ///
    /// # Errors
    /// Returns Docker's own message.
    pub fn create(&self, name: &str, body: &Value) -> Result<Vec<String>> {
        let url = format!("{}/containers/create?name={name}", self.url);
        let request = self.agent.post(&url).content_type("application/json");
        let answer: Value = serde_json::from_str(&answer(&url, request.send(body.to_string()))?)?;
        Ok(serde_json::from_value(answer["Warnings"].clone())?)
    }

    /// Returns Docker's description of a container.
    ///
    /// # Errors
    /// Returns Docker's own message.
    pub fn inspect(&self, name: &str) -> Result<Value> {
        self.get(&format!("/containers/{name}/json"))
    }

    /// The answer of a call that changes nothing.
    ///
    /// # Errors
    /// Returns Docker's own message.
    pub fn get(&self, path: &str) -> Result<Value> {
        let url = format!("{}{path}", self.url);
        Ok(serde_json::from_str(&answer(&url, self.agent.get(&url).call())?)?)
    }

    /// Puts a tar into a container that does not run yet.
    ///
    /// # Errors
    /// Returns Docker's own message.
    pub fn upload(&self, name: &str, path: &str, tar: impl AsSendBody) -> Result<()> {
        let url = format!("{}/containers/{name}/archive?path={path}", self.url);
        answer(&url, self.agent.put(&url).send(tar)).map(drop)
    }

    /// Starts a container.
    ///
    /// # Errors
    /// Returns Docker's own message.
    pub fn start(&self, name: &str) -> Result<()> {
        self.post(&format!("/containers/{name}/start"), &[]).map(drop)
    }

    /// Tells its program to end, and waits for that.
    ///
    /// # Errors
    /// Returns Docker's own message.
    pub fn stop(&self, name: &str) -> Result<()> {
        self.post(&format!("/containers/{name}/stop"), &[]).map(drop)
    }

    /// Waits for a container's end: its exit code.
    ///
    /// # Errors
    /// Returns Docker's own message.
    pub fn wait(&self, name: &str) -> Result<i64> {
        let answer: Value = serde_json::from_str(&self.post(&format!("/containers/{name}/wait"), &[])?)?;
        answer["StatusCode"]
            .as_i64()
            .context("a wait's answer has no StatusCode")
    }

    /// Removes a container, running or not.
    ///
    /// # Errors
    /// Returns Docker's own message.
    pub fn remove(&self, name: &str) -> Result<()> {
        let url = format!("{}/containers/{name}?force=1", self.url);
        answer(&url, self.agent.delete(&url).call()).map(drop)
    }

    /// Returns the files of a container at that path, as a tar.
    ///
    /// # Errors
    /// Returns Docker's own message.
    pub fn download(&self, name: &str, path: &str) -> Result<Vec<u8>> {
        let url = format!("{}/containers/{name}/archive?path={path}", self.url);
        bytes(&url, self.agent.get(&url).call())
    }

    /// Returns the output of the container so far.
    ///
    /// # Errors
    /// Returns Docker's own message.
    pub fn logs(&self, name: &str) -> Result<String> {
        let url = format!("{}/containers/{name}/logs?stdout=1&stderr=1", self.url);
        let frames = bytes(&url, self.agent.get(&url).call())?;
        Ok(String::from_utf8_lossy(&unframed(&frames)).into_owned())
    }

    /// Loads an archive of images, as `docker load`.
    ///
    /// # Errors
    /// Returns Docker's own message.
    pub fn load(&self, archive: &Path) -> Result<()> {
        let url = format!("{}/images/load?quiet=1", self.url);
        let file = File::open(archive).with_context(|| format!("cannot read {}", archive.display()))?;
        answer(&url, self.agent.post(&url).send(&file)).map(drop)
    }

    /// Returns true if the server answers.
    #[must_use]
    pub fn is_up(&self) -> bool {
        let url = format!("{}/_ping", self.url);
        answer(&url, self.agent.get(&url).call()).is_ok()
    }

    fn post(&self, path: &str, body: impl AsSendBody) -> Result<String> {
        let url = format!("{}{path}", self.url);
        answer(&url, self.agent.post(&url).send(body))
    }
}

/// The address of every name.
#[derive(Debug)]
struct One(SocketAddr);

impl Resolver for One {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut addresses = self.empty();
        addresses.push(self.0);
        Ok(addresses)
    }
}

fn answer(url: &str, sent: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<String> {
    Ok(String::from_utf8_lossy(&bytes(url, sent)?).into_owned())
}

fn bytes(url: &str, sent: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Vec<u8>> {
    let mut response = sent.with_context(|| format!("no answer from {url}"))?;
    let status = response.status();
    let body = response.body_mut().read_to_vec()?;
    if !status.is_success() {
        bail!(
            "{url} answered {status}: {}",
            String::from_utf8_lossy(&body).trim()
        );
    }
    Ok(body)
}

/// The content of a stream's frames: each has eight bytes before it, the last four of them its size
/// (Docker API, "Attach to a container", stream format).
fn unframed(mut frames: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    while let Some(([_, _, _, _, size @ ..], rest)) = frames.split_first_chunk::<8>() {
        let size = rest.len().min(u32::from_be_bytes(*size) as usize);
        content.extend_from_slice(&rest[..size]);
        frames = &rest[size..];
    }
    content
}

/// A tar of plain files.
///
/// # Errors
/// Returns an error if a path is too long.
pub fn tar(files: &[(&str, &[u8])]) -> Result<Vec<u8>> {
    tar_of(0o644, files)
}

/// A tar of files of that mode.
///
/// # Errors
/// Returns the errors of [`tar()`].
pub fn tar_of(mode: u32, files: &[(&str, &[u8])]) -> Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        tar.append_data(&mut header, path, *content)?;
    }
    Ok(tar.into_inner()?)
}
