//! The API server in plain HTTP: spares each request the start of a kubectl, and
//! sends what kubectl would not.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use anyhow::{Context, Result};
use lab::cluster::Cluster;

/// `kubectl proxy`, ended when it is dropped.
pub struct Proxy {
    child: Child,
    url: String,
}

impl Proxy {
    /// Starts it as whom `kubeconfig` names.
    ///
    /// # Errors
    /// Returns an error if it does not start.
    pub fn start(cluster: &Cluster, kubeconfig: &Path) -> Result<Self> {
        let mut command = cluster.kubectl_command();
        command.env("KUBECONFIG", kubeconfig).args(["proxy", "--port=0"]);
        let child = command.stdout(Stdio::piped()).spawn()?;
        let mut proxy = Self {
            child,
            url: String::new(),
        };
        let mut line = String::new();
        let output = proxy.child.stdout.take().context("no output")?;
        BufReader::new(output).read_line(&mut line)?;
        // Starting to serve on 127.0.0.1:PORT
        let address = line.trim().rsplit(' ').next().unwrap_or_default();
        proxy.url = format!("http://{address}");
        Ok(proxy)
    }

    /// `http://ADDRESS:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
