//! Helm, built from its Go module.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::cache;
use crate::cluster::Cluster;
use crate::command::run;
use crate::go_build::GoModule;

/// As Helm's own Makefile does it: the version of Kubernetes is that which `template` and `lint` take for the
/// cluster's.
const HELM: GoModule = GoModule {
    name: "helm",
    folder: "helm",
    packages: &["helm.sh/helm/v3/cmd/helm"],
    ldflags: "-s -w -X helm.sh/helm/v3/internal/version.version=v3.22.0 \
              -X helm.sh/helm/v3/pkg/lint/rules.k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/lint/rules.k8sVersionMinor=36 \
              -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=36",
    tags: "",
};
/// The variables that keep Helm's folders out of the user's home.
const FOLDERS: [&str; 3] = ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"];

/// Runs Helm without a cluster and returns its output.
///
/// # Errors
/// Returns Go's error, or Helm's standard error.
pub fn helm(arguments: &[&str]) -> Result<String> {
    run(command()?.args(arguments))
}

/// Returns the path of Helm.
///
/// # Errors
/// Returns Go's error.
pub fn program() -> Result<PathBuf> {
    Ok(HELM.build()?.join("helm"))
}

fn command() -> Result<Command> {
    let folder = cache::root()?.join("run/helm");
    let mut command = Command::new(program()?);
    command.envs(FOLDERS.map(|name| (name, &folder)));
    Ok(command)
}

impl Cluster {
    /// Runs Helm as the cluster's admin and returns its output.
    ///
    /// # Errors
    /// Returns the errors of [`helm`].
    pub fn helm(&self, namespace: &str, arguments: &[&str]) -> Result<String> {
        let mut command = command()?;
        command.env("KUBECONFIG", self.kubeconfig());
        run(command.args(["--namespace", namespace]).args(arguments))
    }
}
