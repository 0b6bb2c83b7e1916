//! chainpod as its users have it: installed by the chart, in a namespace that enforces
//! `restricted` where no other is asked for, from the image of this checkout.

use std::net::SocketAddr;
use std::path::PathBuf;

use image::compile::workspace;
use lab::cluster::{Cluster, Namespace, Volume};
use lab::docker::Docker;

/// The release.
const RELEASE: &str = "chainpod";
/// The image of this checkout, as the lab has loaded it.
const IMAGE: &str = "image.tag=dev";
/// chainpod's own Pod.
const DAEMON: &str = "app.kubernetes.io/component=daemon";
/// The time limit of one Helm command.
const HELM_LIMIT: &str = "--timeout=120s";
/// The labels of the objects that chainpod has made, as in docs/install.md.
const OURS: &str = "app.kubernetes.io/managed-by=chainpod,app.kubernetes.io/instance=chainpod";

/// A release of the chart. It is removed with its namespace and its volume.
pub struct Installed {
    // Before the volume: claims hold it.
    namespace: Namespace,
    _volume: Volume,
}

impl Installed {
    /// Installs it in a new namespace of that name, and waits until it is ready.
    ///
    /// # Panics
    /// Panics if that fails.
    #[must_use]
    pub fn new(cluster: &Cluster, namespace: &str) -> Self {
        Self::with(cluster, namespace, &[])
    }

    /// [`Installed::new`] where that Pod Security Standard is enforced.
    ///
    /// # Panics
    /// As there.
    #[must_use]
    pub fn beneath(cluster: &Cluster, namespace: &str, standard: &str) -> Self {
        Self::beneath_with(cluster, namespace, standard, |_| (), &[])
    }

    /// [`Installed::new`] with values of the chart.
    ///
    /// # Panics
    /// As there.
    #[must_use]
    pub fn with(cluster: &Cluster, namespace: &str, values: &[&str]) -> Self {
        Self::prepared(cluster, namespace, |_| (), values)
    }

    /// [`Installed::with`] where `prepare` has put something into the namespace before.
    ///
    /// # Panics
    /// As there.
    #[must_use]
    pub fn prepared(
        cluster: &Cluster,
        namespace: &str,
        prepare: impl FnOnce(&Namespace),
        values: &[&str],
    ) -> Self {
        Self::beneath_with(cluster, namespace, "restricted", prepare, values)
    }

    fn beneath_with(
        cluster: &Cluster,
        namespace: &str,
        standard: &str,
        prepare: impl FnOnce(&Namespace),
        values: &[&str],
    ) -> Self {
        let class = format!("{namespace}-store");
        let volume = Volume::create(cluster, &class).unwrap();
        let namespace = Namespace::create(cluster, namespace, standard).unwrap();
        let installed = Self {
            namespace,
            _volume: volume,
        };
        prepare(&installed.namespace);
        // By its name: next to another installation there are two default classes.
        let class = format!("store.pvc.storageClassName={class}");
        installed.install(&[&[class.as_str()], values].concat());
        installed
    }

    /// Installs it with these values: again, where it has been uninstalled.
    ///
    /// # Panics
    /// Panics if that fails.
    pub fn install(&self, values: &[&str]) {
        let chart = chart().display().to_string();
        let install = ["install", RELEASE, &chart, "--wait", HELM_LIMIT];
        self.helm(&[&install[..], &set(&[IMAGE]), &set(values)].concat());
    }

    /// The namespace's name.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.namespace.name()
    }

    /// Returns its namespace.
    #[must_use]
    pub const fn place(&self) -> &Namespace {
        &self.namespace
    }

    fn helm(&self, arguments: &[&str]) {
        let helm = self.namespace.cluster().helm(self.namespace(), arguments);
        helm.unwrap_or_else(|error| panic!("{error:#}\n{}", self.told()));
    }

    /// Runs kubectl in its namespace and returns the output.
    ///
    /// # Panics
    /// Panics if it fails.
    #[must_use]
    pub fn kubectl(&self, arguments: &[&str]) -> String {
        self.namespace.kubectl(arguments).unwrap()
    }

    /// Returns the descriptions, the Events and the log that explain a failure.
    #[must_use]
    pub fn told(&self) -> String {
        let log = ["logs", "statefulset/chainpod", "--tail=30"];
        let texts = [&["describe", "pods"][..], &["get", "events"], &log].map(|arguments| {
            let told = self.namespace.kubectl(arguments);
            told.unwrap_or_else(|error| format!("{error:#}"))
        });
        texts.join("\n")
    }

    /// Docker's API, where it has no TLS.
    ///
    /// # Panics
    /// Panics if there is no Service.
    #[must_use]
    pub fn docker(&self) -> Docker {
        Docker::new(self.address(2375))
    }

    /// The Service's address with that port, which kube-proxy gives to this machine too.
    ///
    /// # Panics
    /// Panics if there is no Service.
    #[must_use]
    pub fn address(&self, port: u16) -> SocketAddr {
        let ip = self.kubectl(&["get", "service", "docker", "--output=jsonpath={.spec.clusterIP}"]);
        SocketAddr::new(ip.parse().unwrap(), port)
    }

    /// The name of the Pod that serves.
    ///
    /// # Panics
    /// Panics if it cannot be asked for.
    #[must_use]
    pub fn pod(&self) -> String {
        let pods = self.kubectl(&["get", "pods", "--selector", DAEMON, "--output=name"]);
        pods.trim().to_owned()
    }

    /// The uid of the Pod that serves, which tells it from the one before. It is empty while there is none.
    ///
    /// # Panics
    /// Panics if it cannot be asked for.
    #[must_use]
    pub fn pod_uid(&self) -> String {
        let uids = "--output=jsonpath={.items[*].metadata.uid}";
        self.kubectl(&["get", "pods", "--selector", DAEMON, uids])
    }

    /// Upgrades it to these further values, and waits until the new Pod is ready.
    ///
    /// # Panics
    /// Panics if that fails.
    pub fn upgrade(&self, values: &[&str]) {
        let chart = chart().display().to_string();
        let command = ["upgrade", RELEASE, &chart, "--reuse-values", "--wait", HELM_LIMIT];
        self.helm(&[&command[..], &set(values)].concat());
    }

    /// Uninstalls it. The namespace and its other objects stay.
    ///
    /// # Panics
    /// Panics if that fails.
    pub fn uninstall(&self) {
        self.helm(&["uninstall", RELEASE, "--wait", HELM_LIMIT]);
    }

    /// The names of what chainpod has made of these kinds, as further arguments of `kubectl get` choose them.
    #[must_use]
    pub fn made(&self, kinds: &str, more: &[&str]) -> Vec<String> {
        let names = self.kubectl(&[&["get", kinds, "--selector", OURS, "--output=name"], more].concat());
        names.lines().map(str::to_owned).collect()
    }
}

fn set<'a>(values: &[&'a str]) -> Vec<&'a str> {
    values.iter().flat_map(|value| ["--set", value]).collect()
}

/// The chart of this checkout.
#[must_use]
pub fn chart() -> PathBuf {
    workspace().join("charts/chainpod")
}
