//! A network's programs as Pods: a Deployment and a Service each, in one namespace of
//! the lab's cluster, with the network's folder as their volume.
//!
//! This machine reaches them by the Services' addresses: the peer's command line, and
//! all that is done with it, is the same as for processes.

use std::net::{IpAddr, TcpStream};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::Network;
use super::image::PEER;
use super::programs::Environment;
use crate::cluster::Cluster;
use crate::command::{await_true, run};

/// The orderer's Service and Deployment.
pub(super) const ORDERER: &str = "orderer";
/// The mount path of the network's folder in Pods. Images have no files there.
const FOLDER: &str = "/network";
/// The mount path in peers of the Secret with their certificate for their Docker endpoint.
const DOCKER_TLS: &str = "/docker-tls";
/// Fabric's own images' user.
const USER: u64 = 500;
/// The label of all that a network has in a cluster, and of its Pods' program.
const NETWORK: &str = "chainpod-lab-network";
const PROGRAM: &str = "app";
/// All kinds of them.
const KINDS: &str = "deployments,services,persistentvolumeclaims";

impl Network {
    /// Its programs in the cluster, if it has them there.
    pub(super) fn pods(&self) -> Option<Pods<'_>> {
        let namespace = self.options.namespace.as_deref()?;
        let network = self;
        Some(Pods { network, namespace })
    }
}

/// A network in a cluster, seen from one of its peers.
pub(super) struct Pods<'a> {
    network: &'a Network,
    namespace: &'a str,
}

impl Pods<'_> {
    /// Makes the image, the volume and the Services. Returns the names by which this machine reaches the
    /// Services.
    pub(super) fn serve(&self) -> Result<Vec<(IpAddr, String)>> {
        let network = self.network;
        network.options.fabric.load_image(&cluster()?)?;
        let ports = network.ports;
        let orderer = [ports.orderer, ports.orderer_admin()];
        let mut objects = vec![self.volume(), self.claim(), self.service(ORDERER, &orderer)];
        for peer in network.peers() {
            let ports = [ports.peer(peer.peer), ports.chaincode(peer.peer)];
            objects.push(self.service(&peer.workload(), &ports));
        }
        self.apply(&objects)?;
        let mut names = vec![(self.address(ORDERER)?, network.orderer_host())];
        for peer in network.peers() {
            names.push((self.address(&peer.workload())?, peer.peer_host()));
        }
        Ok(names)
    }

    pub(super) fn start_orderer(&self) -> Result<()> {
        let network = self.network;
        // What was made until now is this machine's user's.
        let all = "a+rwX";
        run(Command::new("chmod").args(["-R", all]).arg(&network.folder))?;
        let command = ["orderer"];
        let port = network.ports.orderer;
        self.apply(&[self.deployment(ORDERER, &command, &network.orderer_environment(), port)])?;
        listens(&network.orderer_host(), port)
    }

    pub(super) fn start_peer(&self) -> Result<()> {
        let network = self.network;
        let port = network.ports.peer(network.peer);
        let command = ["peer", "node", "start"];
        let workload = network.workload();
        self.apply(&[self.deployment(&workload, &command, &network.peer_environment(), port)])?;
        listens(&network.peer_host(), port)
    }

    pub(super) fn stop_peer(&self) -> Result<()> {
        let workload = format!("deployment/{}", self.network.workload());
        self.kubectl(&["scale", &workload, "--replicas=0"])?;
        let selector = format!("{PROGRAM}={}", self.network.workload());
        await_true("the end of the peer's pod", || {
            self.kubectl(&["get", "pods", "--selector", &selector, "--output=name"])
                .is_ok_and(|pods| pods.is_empty())
        })
    }

    pub(super) fn peer_log(&self) -> String {
        let workload = format!("deployment/{}", self.network.workload());
        self.kubectl(&["logs", &workload]).unwrap_or_default()
    }

    /// Takes all of it away, but the namespace.
    pub(super) fn delete(&self) -> Result<()> {
        // Without the cluster there is nothing of it.
        if cluster().is_err() {
            return Ok(());
        }
        let name = &self.network.options.name;
        let selector = format!("{NETWORK}={name}");
        self.kubectl(&["delete", KINDS, "--selector", &selector, "--ignore-not-found"])?;
        let volume = volume_name(name);
        self.kubectl(&["delete", "persistentvolume", &volume, "--ignore-not-found"])
            .map(drop)
    }

    fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        cluster()?.kubectl(&[&["--namespace", self.namespace], arguments].concat())
    }

    fn apply(&self, objects: &[Value]) -> Result<()> {
        let texts: Vec<_> = objects.iter().map(Value::to_string).collect();
        cluster()?.apply(&texts.join("\n---\n"))
    }

    fn address(&self, service: &str) -> Result<IpAddr> {
        let path = "--output=jsonpath={.spec.clusterIP}";
        let address = self.kubectl(&["get", "service", service, path])?;
        address
            .parse()
            .with_context(|| format!("service {service} has no address but {address:?}"))
    }

    fn metadata(&self, name: &str) -> Value {
        json!({"name": name, "namespace": self.namespace, "labels": {NETWORK: self.network.options.name}})
    }

    /// Of this machine, which all nodes are.
    fn volume(&self) -> Value {
        let name = volume_name(&self.network.options.name);
        json!({
            "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name},
            "spec": {
                "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteMany"], "storageClassName": "",
                "hostPath": {"path": self.network.folder},
                "claimRef": {"namespace": self.namespace, "name": self.network.options.name},
            },
        })
    }

    fn claim(&self) -> Value {
        let name = &self.network.options.name;
        json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": self.metadata(name),
            "spec": {
                "accessModes": ["ReadWriteMany"], "storageClassName": "", "volumeName": volume_name(name),
                "resources": {"requests": {"storage": "1Gi"}},
            },
        })
    }

    fn service(&self, name: &str, ports: &[u16]) -> Value {
        let ports: Vec<_> = ports
            .iter()
            .map(|port| json!({"name": format!("port-{port}"), "port": port}))
            .collect();
        json!({
            "apiVersion": "v1", "kind": "Service", "metadata": self.metadata(name),
            "spec": {"selector": {PROGRAM: name}, "ports": ports},
        })
    }

    fn deployment(&self, name: &str, command: &[&str], environment: &Environment<'_>, port: u16) -> Value {
        let host_folder = self.network.folder.display().to_string();
        let variable = |(name, value): &(&str, String)| json!({"name": name, "value": value.replace(&host_folder, FOLDER)});
        let mut variables: Vec<_> = environment.iter().map(variable).collect();
        let mut mounts = vec![json!({"name": "network", "mountPath": FOLDER})];
        let claim = &self.network.options.name;
        let mut volumes = vec![json!({"name": "network", "persistentVolumeClaim": {"claimName": claim}})];
        if let Some(secret) = &self.network.options.docker_secret {
            variables.extend(docker_tls().iter().map(variable));
            mounts.push(json!({"name": "docker-tls", "mountPath": DOCKER_TLS, "readOnly": true}));
            volumes.push(json!({"name": "docker-tls", "secret": {"secretName": secret}}));
        }
        let container = json!({
            "name": command[0], "image": self.network.options.fabric.image(PEER), "command": command, "env": variables,
            "readinessProbe": {"tcpSocket": {"port": port}, "periodSeconds": 1},
            "volumeMounts": mounts,
            "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
            // The node's other work must not keep it from answering.
            "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}},
        });
        let pod = json!({
            "containers": [container], "enableServiceLinks": false, "automountServiceAccountToken": false,
            "securityContext": {
                "runAsNonRoot": true, "runAsUser": USER, "seccompProfile": {"type": "RuntimeDefault"},
            },
            "volumes": volumes,
        });
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": self.metadata(name),
            "spec": {
                // The ledger is for one process.
                "replicas": 1, "strategy": {"type": "Recreate"}, "selector": {"matchLabels": {PROGRAM: name}},
                "template": {"metadata": {"labels": {PROGRAM: name}}, "spec": pod},
            },
        })
    }
}

impl Network {
    /// The peer's Deployment, and its Service.
    #[must_use]
    pub fn workload(&self) -> String {
        format!("peer{}-org1", self.peer)
    }
}

fn docker_tls() -> Environment<'static> {
    let file = |name: &str| format!("{DOCKER_TLS}/{name}");
    vec![
        ("CORE_VM_DOCKER_TLS_ENABLED", true.to_string()),
        ("CORE_VM_DOCKER_TLS_CA_FILE", file("ca.crt")),
        ("CORE_VM_DOCKER_TLS_CERT_FILE", file("tls.crt")),
        ("CORE_VM_DOCKER_TLS_KEY_FILE", file("tls.key")),
    ]
}

fn volume_name(network: &str) -> String {
    format!("network-{network}")
}

fn cluster() -> Result<Cluster> {
    Cluster::running().context("the network's cluster does not run: cargo xtask lab up")
}

fn listens(host: &str, port: u16) -> Result<()> {
    await_true(&format!("{host}:{port} to listen"), || {
        TcpStream::connect((host, port)).is_ok()
    })
}
