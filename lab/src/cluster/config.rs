//! The configuration file of every program of the cluster.

use std::fs;
use std::net::IpAddr;
use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use super::{
    API_PORT, BRIDGE, CGROUP, CLUSTER_DNS, ETCD_PORT, KUBELET_HEALTH_PORT, KUBELET_PORT, NODE, PAUSE_IMAGE,
    POD_RANGE, PROXY_HEALTH_PORT, PROXY_METRICS_PORT,
};

/// The users of kubeconfig files: each is its certificate's name.
const USERS: [&str; 5] = [
    "admin",
    "kube-controller-manager",
    "kube-scheduler",
    "kube-proxy",
    "kubelet",
];

/// Writes all configuration below the state folder `run`; `shims` is where containerd's shim is.
///
/// # Errors
/// When a file cannot be written.
pub(super) fn write(run: &Path, node_ip: IpAddr) -> Result<()> {
    let folder = run.join("config");
    fs::create_dir_all(folder.join("cni"))?;
    for user in USERS {
        save(&folder.join(format!("{user}.kubeconfig")), &kubeconfig(run, user))?;
    }
    save(&folder.join("etcd.json"), &etcd(run))?;
    save(&folder.join("kubelet.json"), &kubelet(run, node_ip))?;
    save(&folder.join("kube-proxy.json"), &kube_proxy(run))?;
    save(&folder.join("cni/10-lab.conflist"), &cni(run))?;
    let containerd = containerd(&run.join("containerd"), run, &run.join("containerd.sock"));
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

fn kubelet(run: &Path, node_ip: IpAddr) -> Value {
    json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
        "cgroupDriver": "cgroupfs", "cgroupRoot": format!("/{CGROUP}"), "failSwapOn": false, "failCgroupV1": false,
        "enforceNodeAllocatable": ["pods"],
        "containerRuntimeEndpoint": format!("unix://{}", run.join("containerd.sock").display()),
        "clusterDNS": [CLUSTER_DNS], "clusterDomain": "cluster.local",
        "address": node_ip.to_string(), "port": KUBELET_PORT, "healthzPort": KUBELET_HEALTH_PORT,
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

fn cni(run: &Path) -> Value {
    json!({
        "cniVersion": "1.0.0", "name": "lab", "plugins": [
            {"type": "bridge", "bridge": BRIDGE, "isGateway": true, "ipMasq": true, "hairpinMode": true,
             "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.244.0.0/24"}]],
                      "routes": [{"dst": "0.0.0.0/0"}], "dataDir": run.join("cni")}},
            {"type": "portmap", "capabilities": {"portMappings": true}},
        ],
    })
}

/// containerd's configuration, version 3. `restrict_oom_score_adj`: a machine without
/// `CAP_SYS_RESOURCE` cannot lower it, and every sandbox would die.
pub(super) fn containerd(root: &Path, state: &Path, socket: &Path) -> String {
    let (root, socket) = (root.display(), socket.display());
    let (cni, state) = (state.join("config/cni"), state.join("containerd-state"));
    let (cni, state) = (cni.display(), state.display());
    format!(
        r#"version = 3
root = "{root}"
state = "{state}"
temp = "{state}/temp"
disabled_plugins = ["io.containerd.nri.v1.nri"]

[grpc]
address = "{socket}"

[ttrpc]
address = "{socket}.ttrpc"

[plugins.'io.containerd.cri.v1.images'.pinned_images]
sandbox = "{PAUSE_IMAGE}"

[plugins.'io.containerd.cri.v1.runtime']
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true

[plugins.'io.containerd.cri.v1.runtime'.cni]
bin_dirs = ["/usr/lib/cni"]
conf_dir = "{cni}"
"#
    )
}
