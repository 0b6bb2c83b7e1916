//! Bare Pods: what Kubernetes itself takes, as near to chainpod's Pods as can be.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use harness::proxy::Proxy;
use lab::cluster::{Cluster, Namespace};
use serde_json::{Value, json};

use super::IMAGE;
use super::containers::{Clock, PROGRAM};

/// Short: the kubelet's own steps are 100 ms and more.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// The longest that a Pod may take to end.
const END_LIMIT: Duration = Duration::from_secs(60);

/// The parts of a bare Pod in addition to its container.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    /// Nothing.
    Nothing,
    /// One emptyDir.
    EmptyDir,
    /// One init container that exits at once.
    InitContainer,
    /// The same, and an emptyDir: without one an init container can hand nothing over.
    InitContainerAndEmptyDir,
}

/// Makes bare Pods in a namespace of its own.
pub(super) struct Bare {
    proxy: Proxy,
    namespace: Namespace,
}

impl Bare {
    pub(super) fn new(cluster: &Cluster, namespace: &str) -> Result<Self> {
        Ok(Self {
            proxy: Proxy::start(cluster, &cluster.kubeconfig())?,
            namespace: Namespace::create(cluster, namespace, "privileged")?,
        })
    }

    fn pods(&self) -> String {
        format!(
            "{}/api/v1/namespaces/{}/pods",
            self.proxy.url(),
            self.namespace.name()
        )
    }

    /// Measures the time from the POST of a Pod to its program's first instruction, in seconds. The Pod is
    /// gone at the return, so its end does not disturb the next measurement.
    pub(super) fn launch(&self, name: &str, shape: Shape) -> Result<f64> {
        let pod = pod(name, shape, &PROGRAM, 0);
        let clock = Clock::start();
        ureq::post(&self.pods()).send(pod.to_string())?;
        let seconds = clock.first_instruction(self.namespace.cluster(), || {
            let log = format!("{}/{name}/log", self.pods());
            Ok(ureq::get(&log).call()?.body_mut().read_to_string()?)
        })?;
        let url = format!("{}/{name}", self.pods());
        ureq::delete(&url).call()?;
        let cluster = self.namespace.cluster();
        cluster.wait_for(&format!("the end of pod {name}"), || {
            matches!(ureq::get(&url).call(), Err(ureq::Error::StatusCode(404)))
        })?;
        Ok(seconds)
    }

    /// From the DELETE of a Pod whose program ends on TERM to the end in its status, in seconds.
    pub(super) fn stop(&self, name: &str, program: &[&str]) -> Result<f64> {
        let pod = pod(name, Shape::EmptyDir, program, 10);
        ureq::post(&self.pods()).send(pod.to_string())?;
        let url = format!("{}/{name}", self.pods());
        let running = format!("pod {name}");
        self.namespace
            .cluster()
            .wait_for(&running, || runs(&url).unwrap_or(false))?;
        let started = Instant::now();
        ureq::delete(&url).call()?;
        // An error: it is gone.
        while runs(&url).unwrap_or(false) {
            ensure!(started.elapsed() < END_LIMIT, "pod {name} does not end");
            std::thread::sleep(LOOK_EVERY);
        }
        Ok(started.elapsed().as_secs_f64())
    }
}

/// Returns true if the Pod's status says that its program runs.
fn runs(pod: &str) -> Result<bool> {
    let text = ureq::get(pod).call()?.body_mut().read_to_string()?;
    let pod: Value = serde_json::from_str(&text).context("a pod that is no json")?;
    Ok(pod["status"]["containerStatuses"][0]["state"]["running"].is_object())
}

fn pod(name: &str, shape: Shape, program: &[&str], grace_secs: u64) -> Value {
    let security = json!({
        "runAsNonRoot": true, "runAsUser": 500, "allowPrivilegeEscalation": false,
        "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"},
    });
    let container = |name: &str, command: &[&str]| json!({"name": name, "image": IMAGE, "command": command, "securityContext": security});
    let mut main = container("main", program);
    let mut spec = json!({
        "restartPolicy": "Never", "automountServiceAccountToken": false, "enableServiceLinks": false,
        "terminationGracePeriodSeconds": grace_secs,
    });
    if matches!(shape, Shape::EmptyDir | Shape::InitContainerAndEmptyDir) {
        main["volumeMounts"] = json!([{"name": "volume", "mountPath": "/volume"}]);
        spec["volumes"] = json!([{"name": "volume", "emptyDir": {}}]);
    }
    if matches!(shape, Shape::InitContainer | Shape::InitContainerAndEmptyDir) {
        spec["initContainers"] = json!([container("init", &["/bin/true"])]);
    }
    spec["containers"] = json!([main]);
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})
}
