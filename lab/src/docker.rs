//! The Docker Engine API from a client's side: the few calls that benchmarks and
//! the story make beside the peers.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use ureq::Agent;

/// Longer than any start may take.
const CALL_LIMIT: Duration = Duration::from_secs(300);

/// A Docker Engine API endpoint.
pub struct Docker {
    url: String,
    agent: Agent,
}

impl Docker {
    /// The endpoint at that address.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(CALL_LIMIT));
        Self {
            url: format!("http://{address}"),
            agent: config.build().into(),
        }
    }

    /// Builds an image from a tar.
    ///
    /// # Errors
    /// Docker's own message, as for all calls here.
    pub fn build(&self, tag: &str, context: &[u8]) -> Result<()> {
        self.post(&format!("/build?t={tag}"), context).map(drop)
    }

    /// Creates a container.
    ///
    /// # Errors
    /// Docker's own message.
    pub fn create(&self, name: &str, body: &Value) -> Result<()> {
        let body = body.to_string();
        self.post(&format!("/containers/create?name={name}"), body.as_bytes())
            .map(drop)
    }

    /// Puts a tar into a container that does not run yet.
    ///
    /// # Errors
    /// Docker's own message.
    pub fn upload(&self, name: &str, path: &str, tar: &[u8]) -> Result<()> {
        let url = format!("{}/containers/{name}/archive?path={path}", self.url);
        answer(&url, self.agent.put(&url).send(tar)).map(drop)
    }

    /// Starts a container.
    ///
    /// # Errors
    /// Docker's own message.
    pub fn start(&self, name: &str) -> Result<()> {
        self.post(&format!("/containers/{name}/start"), &[]).map(drop)
    }

    /// Waits for a container's end: its exit code.
    ///
    /// # Errors
    /// Docker's own message.
    pub fn wait(&self, name: &str) -> Result<i64> {
        let answer: Value = serde_json::from_str(&self.post(&format!("/containers/{name}/wait"), &[])?)?;
        answer["StatusCode"]
            .as_i64()
            .context("a wait's answer has no StatusCode")
    }

    /// Removes a container, running or not.
    ///
    /// # Errors
    /// Docker's own message.
    pub fn remove(&self, name: &str) -> Result<()> {
        let url = format!("{}/containers/{name}?force=1", self.url);
        answer(&url, self.agent.delete(&url).call()).map(drop)
    }

    fn post(&self, path: &str, body: &[u8]) -> Result<String> {
        let url = format!("{}{path}", self.url);
        answer(&url, self.agent.post(&url).send(body))
    }
}

fn answer(url: &str, sent: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<String> {
    let mut response = sent.with_context(|| format!("no answer from {url}"))?;
    let status = response.status();
    let text = response.body_mut().read_to_string()?;
    if !status.is_success() {
        bail!("{url} answered {status}: {}", text.trim());
    }
    Ok(text)
}

/// A tar of plain files.
///
/// # Errors
/// When a path is too long.
pub fn tar(files: &[(&str, &[u8])]) -> Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        tar.append_data(&mut header, path, *content)?;
    }
    Ok(tar.into_inner()?)
}
