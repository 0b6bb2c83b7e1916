//! Runs chainpod on the lab, for its tests, the demo and the benchmarks. Tests also get the lab itself from
//! here, a namespace of their own with Pods in it, and a Fabric network that goes with its test.

pub mod chainpod;
pub mod disk;
mod docs_page;
mod installed;
mod main_job;
pub mod matrix;
pub mod proxy;
pub mod story;
pub mod webhook;

use std::fmt::Display;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use lab::cluster::{self, Cluster};
use lab::docker::{Docker, tar};
use lab::network::{Network, NetworkOptions};
use lab::progress::Progress;
use serde_json::{Value, json};

pub use ::lab;

use self::chainpod::Profile;
pub use self::docs_page::{Page, Shell};
pub use self::installed::{Installed, chart};
pub use self::main_job::{main_job, told};

/// The time limit for a launch, a rollout, or a deletion before it.
const LAUNCH_LIMIT: Duration = Duration::from_secs(60);

/// The running lab, and chainpod built from this checkout.
///
/// # Panics
/// Panics if no lab runs, or chainpod does not compile.
#[must_use]
pub fn lab(progress: &Progress) -> (Cluster, PathBuf) {
    let cluster = running();
    let daemon = chainpod::build(&cluster, Profile::Dev, progress).unwrap();
    (cluster, daemon)
}

fn running() -> Cluster {
    Cluster::running().expect("no lab runs: cargo xtask lab up")
}

/// The names of what is in a folder; nothing where there is none.
#[must_use]
pub fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

/// Looks until it is so.
///
/// # Panics
/// Panics if it is not so in time.
pub fn await_so(what: &str, limit: Duration, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + limit;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}: not within {limit:?}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Builds the image `own`, and starts a container `own` of it with a shell script: its Pod has the agent.
///
/// # Panics
/// Panics if one of the calls fails.
pub fn run_own(docker: &Docker, script: &str) {
    let context = tar(&[("Dockerfile", b"FROM hyperledger/fabric-baseos:2.5\n")]).unwrap();
    docker.build("own", &context).unwrap();
    let body = json!({"Image": "own", "Cmd": ["/bin/sh", "-c", script]});
    docker.create("own", &body).unwrap();
    docker.start("own").unwrap();
}

/// The text of a call's error.
///
/// # Panics
/// Panics if the call succeeds, or fails later than that.
pub fn fails<T, E: Display>(limit: Duration, call: impl FnOnce() -> Result<T, E>) -> String {
    let begun = Instant::now();
    let Err(error) = call() else {
        panic!("it cannot work and did");
    };
    let took = begun.elapsed();
    assert!(took < limit, "{took:?}: {error:#}");
    format!("{error:#}")
}

/// Looks for each of the parts.
///
/// # Panics
/// Panics if one is missing.
pub fn says(sentence: &str, parts: &[&str]) {
    for part in parts {
        assert!(sentence.contains(part), "{part:?} is not in {sentence:?}");
    }
}

/// A Fabric network that goes when it is dropped.
pub struct TestNetwork(Network);

impl TestNetwork {
    /// Starts it.
    ///
    /// # Panics
    /// Panics if it does not come up.
    #[must_use]
    pub fn up(name: &str, docker_endpoint: &str, progress: &Progress) -> Self {
        Self::of(&NetworkOptions::new(name, docker_endpoint), progress)
    }

    /// Starts what the options say.
    ///
    /// # Panics
    /// Panics if it does not come up.
    #[must_use]
    pub fn of(options: &NetworkOptions, progress: &Progress) -> Self {
        Self(Network::up(options, progress).unwrap())
    }

    /// Returns true if its chaincode `kv` has the colour that the test has put into it: blue.
    #[must_use]
    pub fn answers(&self) -> bool {
        self.query("kv", "get", &["colour"])
            .is_ok_and(|colour| colour == "blue")
    }

    /// The chaincode answers again, in another Pod, after `end` has ended the one of that name.
    ///
    /// # Panics
    /// Panics if it does not within a minute.
    pub fn comes_back_after(&self, end: impl FnOnce(&str)) {
        let host = || self.query("kv", "host", &[]).unwrap();
        let before = host();
        end(&before);
        await_so("the next transaction", LAUNCH_LIMIT, || self.answers());
        assert_ne!(host(), before);
    }

    /// [`TestNetwork::comes_back_after`] a crash.
    ///
    /// # Panics
    /// As there.
    pub fn comes_back_after_a_crash(&self) {
        self.comes_back_after(|_| drop(self.query("kv", "crash", &["7"]).unwrap_err()));
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

/// Sends the Pods of the namespaces that are labelled `chainpod-lab-node=NODE` to that node, until what is
/// returned is dropped. No other Pod gets there.
///
/// # Panics
/// Panics if the API server refuses the policy of that name.
pub fn send_pods_to<'a>(cluster: &'a Cluster, policy: &'a str, node: &str) -> impl Drop + use<'a> {
    let taint = ["taint", "node", node, "chainpod-lab=only:NoSchedule"];
    cluster.kubectl(&taint).unwrap();
    let patch = format!(
        "[JSONPatch{{op: 'add', path: '/spec/nodeSelector', value: {{'kubernetes.io/hostname': '{node}'}}}}, \
          JSONPatch{{op: 'add', path: '/spec/tolerations/-', value: {{'operator': 'Exists'}}}}]"
    );
    let labelled = json!({"namespaceSelector": {"matchLabels": {"chainpod-lab-node": node}}});
    patch_pods(cluster, policy, labelled, &patch)
}

/// Patches the Pods that match, a list of `JSONPatch` in CEL, as a policy of the cluster does, until what is
/// returned is dropped. It counts a moment after it is made.
///
/// # Panics
/// Panics if the API server refuses the policy of that name.
pub fn patch_pods<'a>(
    cluster: &'a Cluster,
    policy: &'a str,
    mut matching: Value,
    patch: &str,
) -> impl Drop + use<'a> {
    matching["resourceRules"] =
        json!([{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}]);
    let objects = [
        json!({"kind": "MutatingAdmissionPolicy", "spec": {
            "matchConstraints": matching,
            "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": patch}}],
            "reinvocationPolicy": "Never", "failurePolicy": "Fail"}}),
        json!({"kind": "MutatingAdmissionPolicyBinding", "spec": {"policyName": policy}}),
    ];
    for mut object in objects {
        object["apiVersion"] = json!("admissionregistration.k8s.io/v1");
        object["metadata"] = json!({"name": policy});
        cluster.apply(&object.to_string()).unwrap();
    }
    let kinds = "mutatingadmissionpolicies,mutatingadmissionpolicybindings";
    Removed(move || cluster.kubectl(&["delete", kinds, policy]))
}

/// A namespace that goes when it is dropped.
pub struct Namespace(cluster::Namespace);

impl Namespace {
    /// Makes the namespace in the running lab. `restricted` enforces that Pod Security Standard.
    ///
    /// # Panics
    /// Panics if no lab runs.
    #[must_use]
    pub fn new(name: &str, restricted: bool) -> Self {
        let standard = if restricted { "restricted" } else { "privileged" };
        Self(cluster::Namespace::create(&running(), name, standard).unwrap())
    }

    /// The running lab.
    #[must_use]
    pub const fn cluster(&self) -> &Cluster {
        self.0.cluster()
    }

    /// kubectl in this namespace.
    ///
    /// # Errors
    /// Returns kubectl's standard error.
    pub fn kubectl(&self, arguments: &[&str]) -> Result<String, String> {
        self.0.kubectl(arguments).map_err(|error| format!("{error:#}"))
    }

    /// Makes a Pod whose one container is `container` (YAML flow style).
    ///
    /// # Panics
    /// Panics if the API server refuses it.
    pub fn pod(&self, name: &str, container: &str, more: &str) {
        let namespace = self.0.name();
        self.cluster()
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
        let waited = self
            .cluster()
            .wait_for(&format!("{pod} {path} = {expected}"), || {
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
    /// Panics if it does not succeed.
    #[must_use]
    pub fn log_of_succeeded(&self, pod: &str) -> String {
        self.wait_for(pod, "{.status.phase}", "Succeeded");
        self.kubectl(&["logs", pod]).unwrap()
    }
}
