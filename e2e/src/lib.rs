//! What the tests on the lab share: a namespace of one's own, and Pods in it; a
//! Fabric network that goes with its test.

use std::fmt::Display;
use std::ops::Deref;

use lab::cluster::Cluster;
use lab::network::{Network, NetworkOptions};
use lab::progress::Progress;

/// A Fabric network that goes when it is dropped.
pub struct TestNetwork(Network);

impl TestNetwork {
    /// Starts it.
    ///
    /// # Panics
    /// When it does not come up.
    #[must_use]
    pub fn up(name: &str, docker_endpoint: &str, progress: &Progress) -> Self {
        Self::of(&NetworkOptions::new(name, docker_endpoint), progress)
    }

    /// Starts what the options say.
    ///
    /// # Panics
    /// When it does not come up.
    #[must_use]
    pub fn of(options: &NetworkOptions, progress: &Progress) -> Self {
        Self(Network::up(options, progress).unwrap())
    }
}

impl Deref for TestNetwork {
    type Target = Network;

    fn deref(&self) -> &Network {
        &self.0
    }
}

impl Drop for TestNetwork {
    fn drop(&mut self) {
        if let Err(error) = self.0.down() {
            eprintln!("cannot end the network: {error:#}");
        }
    }
}

/// Removes something when it is dropped.
pub struct Removed<F: FnMut() -> Result<T, E>, T, E: Display>(pub F);

impl<F: FnMut() -> Result<T, E>, T, E: Display> Drop for Removed<F, T, E> {
    fn drop(&mut self) {
        if let Err(error) = (self.0)() {
            eprintln!("cannot remove what the test made: {error:#}");
        }
    }
}

/// A namespace that goes when it is dropped.
pub struct Namespace {
    /// The running lab.
    pub cluster: Cluster,
    /// Its name.
    pub name: String,
}

impl Namespace {
    /// Makes the namespace in the running lab; `restricted` enforces that Pod Security Standard.
    ///
    /// # Panics
    /// When no lab runs.
    #[must_use]
    pub fn new(name: &str, restricted: bool) -> Self {
        let cluster = Cluster::running().expect("no lab runs: cargo xtask lab up");
        let enforce = if restricted { "restricted" } else { "privileged" };
        let label = format!("pod-security.kubernetes.io/enforce: {enforce}");
        let manifest =
            format!("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}\n  labels:\n    {label}\n");
        cluster.apply(&manifest).unwrap();
        let namespace = Self {
            cluster,
            name: name.to_owned(),
        };
        let account = ["get", "serviceaccount", "default"];
        namespace
            .cluster
            .wait_for("the namespace's account", || namespace.kubectl(&account).is_ok())
            .unwrap();
        namespace
    }

    /// kubectl in this namespace.
    ///
    /// # Errors
    /// kubectl's own text.
    pub fn kubectl(&self, arguments: &[&str]) -> Result<String, String> {
        let arguments = [&["--namespace", &self.name], arguments].concat();
        self.cluster
            .kubectl(&arguments)
            .map_err(|error| format!("{error:#}"))
    }

    /// Makes a Pod whose one container is `container` (YAML flow style).
    ///
    /// # Panics
    /// When the API server refuses it.
    pub fn pod(&self, name: &str, container: &str, more: &str) {
        let namespace = &self.name;
        self.cluster
            .apply(&format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: {namespace}, labels: {{app: {name}}}}}\n\
                 spec: {{restartPolicy: Never, terminationGracePeriodSeconds: 1, containers: [{container}]{more}}}\n"
            ))
            .unwrap();
    }

    /// Waits until a path of a Pod's JSON has that value.
    ///
    /// # Panics
    /// After the lab's own limit, with what it was.
    pub fn wait_for(&self, pod: &str, path: &str, expected: &str) {
        let path = format!("jsonpath={path}");
        let mut last = String::new();
        let waited = self.cluster.wait_for(&format!("{pod} {path} = {expected}"), || {
            last = self
                .kubectl(&["get", "pod", pod, "-o", &path])
                .unwrap_or_else(|error| error);
            last == expected
        });
        assert!(waited.is_ok(), "{waited:?}; it was {last:?}");
    }

    /// The log of a Pod that has succeeded.
    ///
    /// # Panics
    /// When it does not succeed.
    #[must_use]
    pub fn log_of_succeeded(&self, pod: &str) -> String {
        self.wait_for(pod, "{.status.phase}", "Succeeded");
        self.kubectl(&["logs", pod]).unwrap()
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let deleted = self
            .cluster
            .kubectl(&["delete", "namespace", &self.name, "--wait=false"]);
        if let Err(error) = deleted {
            eprintln!("cannot delete namespace {}: {error:#}", self.name);
        }
    }
}
