//! The configuration file of every program of the cluster.

use std::fs;
use std::net::IpAddr;
use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use super::node::Node;
use super::{API_PORT, CLUSTER_DNS, ETCD_PORT, NODE, POD_RANGE, PROXY_HEALTH_PORT, PROXY_METRICS_PORT};

/// The users of kubeconfig files: each is its certificate's name.
const USERS: [&str; 4] = ["admin", "kube-controller-manager", "kube-scheduler", "kube-proxy"];

/// Writes the configuration of the control plane below the state folder `run`.
///
/// # Errors
/// Returns an error if a file cannot be written.
pub(super) fn write(run: &Path) -> Result<()> {
    let folder = run.join("config");
    fs::create_dir_all(&folder)?;
    for user in USERS {
        save(&folder.join(format!("{user}.kubeconfig")), &kubeconfig(run, user))?;
    }
    save(&folder.join("etcd.json"), &etcd(run))?;
    save(&folder.join("kube-proxy.json"), &kube_proxy(run))
}

/// Writes the configuration of a node's programs below its folder.
///
/// # Errors
/// Returns an error if a file cannot be written.
pub(super) fn write_node(node: &Node, node_ip: IpAddr) -> Result<()> {
    let folder = node.folder.join("config");
    fs::create_dir_all(folder.join("cni"))?;
    save(
        &folder.join("kubelet.kubeconfig"),
        &kubeconfig(&node.folder, "kubelet"),
    )?;
    save(&folder.join("kubelet.json"), &kubelet(node, node_ip))?;
    save(&folder.join("cni/10-lab.conflist"), &cni(node))?;
    let containerd = node
        .runtime
        .config(&node.containerd_root(), &node.folder, &node.socket());
    fs::write(folder.join("containerd.toml"), containerd)?;
    Ok(())
}

fn save(file: &Path, content: &Value) -> Result<()> {
    fs::write(file, serde_json::to_vec_pretty(content)?)?;
    Ok(())
}

fn pki(run: &Path, file: &str) -> String {
    run.join("pki").join(file).display().to_string()
}

fn kubeconfig(run: &Path, user: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "lab",
        "clusters": [{"name": "lab", "cluster": {
            "server": format!("https://127.0.0.1:{API_PORT}"), "certificate-authority": pki(run, "ca.crt")}}],
        "users": [{"name": user, "user": {
            "client-certificate": pki(run, &format!("{user}.crt")), "client-key": pki(run, &format!("{user}.key"))}}],
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": user}}],
    })
}

fn etcd(run: &Path) -> Value {
    let (client, peer) = (
        format!("http://127.0.0.1:{ETCD_PORT}"),
        format!("http://127.0.0.1:{}", ETCD_PORT + 1),
    );
    json!({
        "name": "lab", "data-dir": run.join("etcd"), "unsafe-no-fsync": true, "log-level": "warn",
        "listen-client-urls": client, "advertise-client-urls": client,
        "listen-peer-urls": peer, "initial-advertise-peer-urls": peer, "initial-cluster": format!("lab={peer}"),
    })
}

fn kubelet(node: &Node, node_ip: IpAddr) -> Value {
    let run = &node.folder;
    json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
        "cgroupDriver": "cgroupfs", "cgroupRoot": format!("/{}", node.cgroup()), "failSwapOn": false, "failCgroupV1": false,
        "enforceNodeAllocatable": ["pods"],
        "containerRuntimeEndpoint": format!("unix://{}", node.socket().display()),
        "clusterDNS": [CLUSTER_DNS], "clusterDomain": "cluster.local",
        "address": node_ip.to_string(), "port": node.kubelet_port(), "healthzPort": node.kubelet_health_port(),
        "authentication": {"anonymous": {"enabled": false}, "webhook": {"enabled": true},
                           "x509": {"clientCAFile": pki(run, "ca.crt")}},
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": pki(run, "kubelet.crt"), "tlsPrivateKeyFile": pki(run, "kubelet.key"),
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "imageGCHighThresholdPercent": 100, "imageGCLowThresholdPercent": 99,
        "makeIPTablesUtilChains": false, "podLogsDir": run.join("pod-logs"),
        "staticPodPath": "", "volumePluginDir": run.join("volume-plugins"),
    })
}

fn kube_proxy(run: &Path) -> Value {
    json!({
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration",
        "mode": "iptables", "clusterCIDR": POD_RANGE, "hostnameOverride": NODE,
        "clientConnection": {"kubeconfig": run.join("config/kube-proxy.kubeconfig")},
        "healthzBindAddress": format!("127.0.0.1:{PROXY_HEALTH_PORT}"),
        "metricsBindAddress": format!("127.0.0.1:{PROXY_METRICS_PORT}"),
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
    })
}

fn cni(node: &Node) -> Value {
    json!({
        "cniVersion": "1.0.0", "name": "lab", "plugins": [
            {"type": "bridge", "bridge": node.bridge(), "isGateway": true, "ipMasq": true, "hairpinMode": true,
             "ipam": {"type": "host-local", "ranges": [[{"subnet": node.pod_range()}]],
                      "routes": [{"dst": "0.0.0.0/0"}], "dataDir": node.folder.join("cni")}},
            {"type": "portmap", "capabilities": {"portMappings": true}},
        ],
    })
}
