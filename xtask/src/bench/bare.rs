//! Bare Pods: what Kubernetes itself takes, as near to chainpod's Pods as can be.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use lab::cluster::Cluster;
use lab::proxy::Proxy;
use serde_json::{Value, json};

use super::IMAGE;
use super::containers::{Clock, PROGRAM};

/// Short: the kubelet's own steps are 100 ms and more.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// The longest that a Pod may take to end.
const END_LIMIT: Duration = Duration::from_secs(60);

/// What a bare Pod has beside its container.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    /// Nothing.
    Nothing,
    /// One emptyDir.
    EmptyDir,
    /// One init container that exits at once.
    InitContainer,
}

/// Makes bare Pods in a namespace of its own, which goes when this is dropped.
pub(super) struct Bare<'a> {
    cluster: &'a Cluster,
    proxy: Proxy,
    namespace: String,
}

impl<'a> Bare<'a> {
    pub(super) fn new(cluster: &'a Cluster, namespace: String) -> Result<Self> {
        cluster.kubectl(&["create", "namespace", &namespace])?;
        let proxy = Proxy::start(cluster, &cluster.kubeconfig())?;
        let account = ["--namespace", &namespace, "get", "serviceaccount", "default"];
        cluster.wait_for("the namespace's account", || cluster.kubectl(&account).is_ok())?;
        Ok(Self {
            cluster,
            proxy,
            namespace,
        })
    }

    fn pods(&self) -> String {
        format!("{}/api/v1/namespaces/{}/pods", self.proxy.url(), self.namespace)
    }

    /// From the POST of a Pod to its program's first instruction, in seconds.
    pub(super) fn launch(&self, name: &str, shape: Shape) -> Result<f64> {
        let pod = pod(name, shape, &PROGRAM, 0);
        let clock = Clock::start();
        ureq::post(&self.pods()).send(pod.to_string())?;
        let seconds = clock.first_instruction(self.cluster, || {
            let log = format!("{}/{name}/log", self.pods());
            Ok(ureq::get(&log).call()?.body_mut().read_to_string()?)
        })?;
        ureq::delete(&format!("{}/{name}", self.pods())).call()?;
        Ok(seconds)
    }

    /// From the DELETE of a Pod whose program ends on TERM to the end in its status, in seconds.
    pub(super) fn stop(&self, name: &str, program: &[&str]) -> Result<f64> {
        let pod = pod(name, Shape::EmptyDir, program, 10);
        ureq::post(&self.pods()).send(pod.to_string())?;
        let url = format!("{}/{name}", self.pods());
        self.cluster.wait_for(&format!("pod {name}"), || {
            self.status(&url)
                .is_ok_and(|pod| pod["status"]["containerStatuses"][0]["state"]["running"].is_object())
        })?;
        let started = Instant::now();
        ureq::delete(&url).call()?;
        // An error: it is gone.
        while self
            .status(&url)
            .is_ok_and(|pod| pod["status"]["containerStatuses"][0]["state"]["running"].is_object())
        {
            ensure!(started.elapsed() < END_LIMIT, "pod {name} does not end");
            std::thread::sleep(LOOK_EVERY);
        }
        Ok(started.elapsed().as_secs_f64())
    }

    fn status(&self, url: &str) -> Result<Value> {
        let text = ureq::get(url).call()?.body_mut().read_to_string()?;
        serde_json::from_str(&text).context("a pod that is no json")
    }
}

impl Drop for Bare<'_> {
    fn drop(&mut self) {
        let delete = ["delete", "namespace", &self.namespace, "--wait=false"];
        if let Err(error) = self.cluster.kubectl(&delete) {
            eprintln!("cannot delete namespace {}: {error:#}", self.namespace);
        }
    }
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
    match shape {
        Shape::Nothing => {}
        Shape::EmptyDir => {
            main["volumeMounts"] = json!([{"name": "volume", "mountPath": "/volume"}]);
            spec["volumes"] = json!([{"name": "volume", "emptyDir": {}}]);
        }
        Shape::InitContainer => spec["initContainers"] = json!([container("init", &["/bin/true"])]),
    }
    spec["containers"] = json!([main]);
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})
}
