//! chainpod's own account in the cluster: the repository's Role and nothing more.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use image::compile::workspace;
use lab::cluster::{Cluster, Namespace};
use serde_json::{Value, json};

/// The account's name, and the binding's.
const NAME: &str = "chainpod";
/// The Role, as users apply it.
const ROLE_FILE: &str = "charts/chainpod/files/role.yaml";
/// The Role for the Lease of an installation.
const LEASE_ROLE_FILE: &str = "charts/chainpod/files/lease-role.yaml";
/// Stands for the installation's name there.
const INSTANCE: &str = "INSTANCE";
/// The lifetime of the token, which is longer than any test takes.
const TOKEN_DURATION: &str = "12h";

/// Makes a ServiceAccount in `namespace` that has the Role and leads the installation of that name, and writes its kubeconfig into `folder`. The
/// kubeconfig names the API server at `api` if one is given.
///
/// # Errors
/// Returns kubectl's error.
pub(super) fn create(namespace: &Namespace, api: Option<SocketAddr>, folder: &Path) -> Result<PathBuf> {
    let role = workspace().join(ROLE_FILE);
    let kubectl = |arguments: &[&str]| namespace.kubectl(arguments);
    kubectl(&["apply", "--filename", &role.display().to_string()])?;
    kubectl(&["create", "serviceaccount", NAME])?;
    let account = format!("--serviceaccount={}:{NAME}", namespace.name());
    kubectl(&["create", "rolebinding", NAME, "--role", NAME, &account])?;
    let_lead(namespace, namespace.name())?;
    let token = kubectl(&["create", "token", NAME, "--duration", TOKEN_DURATION])?;
    write_kubeconfig(namespace.cluster(), token.trim(), api, folder)
}

/// Lets the account lead that installation in `namespace`.
///
/// # Errors
/// Returns kubectl's error.
pub(super) fn let_lead(namespace: &Namespace, instance: &str) -> Result<()> {
    let role = fs::read_to_string(workspace().join(LEASE_ROLE_FILE))?;
    let name = format!("{NAME}-{instance}");
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": namespace.name()}],
    });
    let file = tempfile::NamedTempFile::new()?;
    fs::write(
        file.path(),
        role.replace(INSTANCE, instance) + "---\n" + &binding.to_string(),
    )?;
    namespace.kubectl(&["apply", "--filename", &file.path().display().to_string()])?;
    Ok(())
}

/// The admin's kubeconfig with another user.
fn write_kubeconfig(
    cluster: &Cluster,
    token: &str,
    api: Option<SocketAddr>,
    folder: &Path,
) -> Result<PathBuf> {
    let config = cluster.kubectl(&["config", "view", "--raw", "--minify", "--output", "json"])?;
    let mut config: Value = serde_json::from_str(&config).context("kubectl's config is no JSON")?;
    config["users"] = json!([{"name": NAME, "user": {"token": token}}]);
    config["contexts"][0]["context"]["user"] = json!(NAME);
    if let Some(api) = api {
        config["clusters"][0]["cluster"]["server"] = json!(format!("https://{api}"));
    }
    let file = folder.join("kubeconfig");
    // JSON is YAML.
    fs::write(&file, config.to_string()).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file)
}
