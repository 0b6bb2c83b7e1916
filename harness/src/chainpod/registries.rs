//! The access that builds need to the package registries from their Pods: the CAs that this machine trusts
//! and the addresses in its npm and Maven settings, given to chainpod as rules.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, Result};
use lab::cluster::{Cluster, Namespace};
use lab::command::run;
use lab::network::Language;
use serde_json::{Value, json};

use super::{Chainpod, With, account, folder};

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

/// The settings with which builds reach the registries.
pub struct Registries {
    env: BTreeMap<String, String>,
    ca_bundle: PathBuf,
}

impl Registries {
    /// Returns the settings of this machine.
    ///
    /// # Errors
    /// Returns npm's error.
    pub fn of_this_machine() -> Result<Self> {
        let npm = run(Command::new("npm").args(["config", "get", "registry"]))?;
        let registries = Self {
            env: BTreeMap::new(),
            ca_bundle: CA_BUNDLE.into(),
        };
        Ok(registries.env("npm_config_registry", npm.trim()))
    }

    /// With an environment variable of the builds.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    /// With the CAs of that file alone.
    #[must_use]
    pub fn trusting(mut self, ca_bundle: &Path) -> Self {
        ca_bundle.clone_into(&mut self.ca_bundle);
        self
    }

    fn rules(&self) -> Value {
        let settings = format!("/root/{MAVEN_SETTINGS}");
        json!({"pods": [
            {
                "name": NAME,
                "match": {"role": "build"},
                "env": self.env,
                "caBundle": {"configMap": NAME, "key": CA_KEY},
            },
            {
                "name": "maven",
                "match": {"role": "build", "image": "*/fabric-javaenv:*"},
                "files": {settings: {"secret": NAME, "key": MAVEN_KEY}},
            },
        ]})
    }

    /// Makes the objects that the rules name.
    fn apply(&self, namespace: &Namespace, folder: &Path) -> Result<()> {
        let bundle = format!("--from-file={CA_KEY}={}", self.ca_bundle.display());
        namespace.kubectl(&["create", "configmap", NAME, &bundle])?;
        let copy = folder.join(MAVEN_KEY);
        let settings = fs::read_to_string(home()?.join(MAVEN_SETTINGS));
        fs::write(&copy, settings.as_deref().unwrap_or(NO_SETTINGS))?;
        let settings = format!("--from-file={MAVEN_KEY}={}", copy.display());
        namespace
            .kubectl(&["create", "secret", "generic", NAME, &settings])
            .map(drop)
    }
}

impl Chainpod {
    /// [`Chainpod::start`] for chaincode in that language: its builds reach the registries so, and its
    /// namespace enforces what its image can keep.
    ///
    /// # Errors
    /// Returns the errors of [`Chainpod::start`].
    pub fn start_for(
        language: Language,
        registries: &Registries,
        cluster: &Cluster,
        daemon: &Path,
        namespace: &str,
    ) -> Result<Self> {
        let namespace = Namespace::create(cluster, namespace, language.standard())?;
        let folder = folder()?;
        let kubeconfig = account::create(&namespace, None, folder.path())?;
        registries.apply(&namespace, folder.path())?;
        let file = folder.path().join("rules.yaml");
        // JSON is YAML.
        fs::write(&file, registries.rules().to_string())?;
        let instance = namespace.name().to_owned();
        let options = [format!("--rules={}", file.display())];
        let with = With {
            options: &options,
            ..With::default()
        };
        Self::serve(
            daemon,
            Arc::new(namespace),
            &instance,
            (folder, kubeconfig),
            &with,
        )
    }
}

fn home() -> Result<PathBuf> {
    Ok(std::env::var_os("HOME").context("HOME is not set")?.into())
}
