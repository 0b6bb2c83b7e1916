//! What builds need to reach the package registries from their Pods: the CAs that this machine
//! trusts and the addresses that its npm and Maven have, as a user tells chainpod by rules.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::{Chainpod, account, folder};
use crate::cluster::{Cluster, Namespace, run};
use crate::network::Language;

/// The objects that the rules name.
const NAME: &str = "registries";
/// The one with the CAs, as kubectl names it.
pub(super) const CONFIG_MAP: &str = "configmap/registries";
/// The one with Maven's settings: they may have passwords.
pub(super) const SECRET: &str = "secret/registries";
/// The CAs that Debian's programs trust.
const CA_BUNDLE: &str = "/etc/ssl/certs/ca-certificates.crt";
const CA_KEY: &str = "ca.crt";
/// Below a user's home: where Maven has its settings. Fabric's image for Java is root's.
const MAVEN_SETTINGS: &str = ".m2/settings.xml";
const MAVEN_KEY: &str = "settings.xml";
/// Settings that set nothing.
const NO_SETTINGS: &str = "<settings/>\n";

impl Chainpod {
    /// [`Chainpod::start`] for chaincode in that language: its builds reach the registries, and its
    /// namespace enforces what its image can keep.
    ///
    /// # Errors
    /// As there, and npm's.
    pub fn start_for(language: Language, cluster: &Cluster, daemon: &Path, namespace: &str) -> Result<Self> {
        let npm = run(Command::new("npm").args(["config", "get", "registry"]))?;
        Self::start_ruled(
            &rules(npm.trim()),
            language.standard(),
            cluster,
            daemon,
            namespace,
        )
    }

    /// [`Chainpod::start`] for Node.js chaincode; its builds look for npm's registry at that URL.
    ///
    /// # Errors
    /// As there.
    pub fn start_with_registry(url: &str, cluster: &Cluster, daemon: &Path, namespace: &str) -> Result<Self> {
        let standard = Language::Node.standard();
        Self::start_ruled(&rules(url), standard, cluster, daemon, namespace)
    }

    fn start_ruled(
        rules: &Value,
        standard: &str,
        cluster: &Cluster,
        daemon: &Path,
        namespace: &str,
    ) -> Result<Self> {
        let namespace = Namespace::create(cluster, namespace, standard)?;
        let folder = folder()?;
        let kubeconfig = account::create(&namespace, None, folder.path())?;
        make_objects(&namespace, folder.path())?;
        let file = folder.path().join("rules.yaml");
        // JSON is YAML.
        fs::write(&file, rules.to_string())?;
        let instance = namespace.name().to_owned();
        let options = [format!("--rules={}", file.display())];
        Self::serve(
            daemon,
            Arc::new(namespace),
            &instance,
            (folder, kubeconfig),
            &options,
        )
    }
}

/// The rules: npm's registry is at that URL.
fn rules(npm: &str) -> Value {
    let settings = format!("/root/{MAVEN_SETTINGS}");
    json!({"pods": [
        {
            "name": NAME,
            "match": {"role": "build"},
            "env": {"npm_config_registry": npm},
            "caBundle": {"configMap": NAME, "key": CA_KEY},
        },
        {
            "name": "maven",
            "match": {"role": "build", "image": "*/fabric-javaenv:*"},
            "files": {settings: {"secret": NAME, "key": MAVEN_KEY}},
        },
    ]})
}

fn make_objects(namespace: &Namespace, folder: &Path) -> Result<()> {
    let bundle = format!("--from-file={CA_KEY}={CA_BUNDLE}");
    namespace.kubectl(&["create", "configmap", NAME, &bundle])?;
    let copy = folder.join(MAVEN_KEY);
    let settings = fs::read_to_string(home()?.join(MAVEN_SETTINGS));
    fs::write(&copy, settings.as_deref().unwrap_or(NO_SETTINGS))?;
    let settings = format!("--from-file={MAVEN_KEY}={}", copy.display());
    namespace
        .kubectl(&["create", "secret", "generic", NAME, &settings])
        .map(drop)
}

fn home() -> Result<PathBuf> {
    Ok(std::env::var_os("HOME").context("HOME is not set")?.into())
}
