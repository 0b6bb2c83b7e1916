//! A namespace of one's own.

use anyhow::Result;

use super::Cluster;

/// A namespace, deleted when it is dropped.
pub struct Namespace {
    cluster: Cluster,
    name: String,
}

impl Namespace {
    /// Makes a namespace that enforces that Pod Security Standard, and waits until Pods can be made in it.
    ///
    /// # Errors
    /// Returns kubectl's error, for example if a namespace of that name exists.
    pub fn create(cluster: &Cluster, name: &str, standard: &str) -> Result<Self> {
        cluster.kubectl(&["create", "namespace", name])?;
        let namespace = Self {
            cluster: cluster.clone(),
            name: name.to_owned(),
        };
        let enforce = format!("pod-security.kubernetes.io/enforce={standard}");
        cluster.kubectl(&["label", "namespace", name, &enforce])?;
        cluster.wait_for("the namespace's account", || {
            namespace.kubectl(&["get", "serviceaccount", "default"]).is_ok()
        })?;
        Ok(namespace)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns its cluster.
    #[must_use]
    pub const fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// kubectl in it.
    ///
    /// # Errors
    /// Returns kubectl's standard error.
    pub fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        self.cluster
            .kubectl(&[&["--namespace", self.name.as_str()], arguments].concat())
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let delete = ["delete", "namespace", &self.name, "--wait=false"];
        if let Err(error) = self.cluster.kubectl(&delete) {
            eprintln!("cannot delete namespace {}: {error:#}", self.name);
        }
    }
}
