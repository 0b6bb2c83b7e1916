//! The arguments of the cluster's programs, in the order of their start.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::node::Node;
use super::{API_PORT, ETCD_PORT, POD_RANGE, SERVICE_RANGE};
use crate::processes;

/// Go's garbage collector runs a quarter as often as by default. The programs of a cluster share two cores
/// here, and a collection during a launch would slow it more than on a real cluster.
const GARBAGE_PERCENT: &str = "400";

/// A program of the cluster.
pub(super) struct Program {
    /// Its name: of its log file too.
    pub(super) name: &'static str,
    file: PathBuf,
    arguments: Vec<String>,
}

/// One of Kubernetes' own: all are one file.
fn of_kubernetes(kubernetes: &Path, name: &'static str, arguments: Vec<String>) -> Program {
    Program {
        name,
        file: kubernetes.join("kubernetes"),
        arguments: std::iter::once(name.to_owned()).chain(arguments).collect(),
    }
}

/// A node's programs in the order of their start.
pub(super) fn of_node(node: &Node, kubernetes: &Path, node_ip: IpAddr) -> [Program; 2] {
    let config = |file: &str| node.folder.join("config").join(file).display().to_string();
    [
        Program {
            name: "containerd",
            file: node.programs.join("containerd"),
            arguments: vec!["--config".to_owned(), config("containerd.toml")],
        },
        of_kubernetes(
            kubernetes,
            "kubelet",
            vec![
                format!("--config={}", config("kubelet.json")),
                format!("--kubeconfig={}", config("kubelet.kubeconfig")),
                format!("--root-dir={}", node.folder.join("kubelet").display()),
                format!("--hostname-override={}", node.name()),
                format!("--node-ip={node_ip}"),
            ],
        ),
    ]
}

/// The control plane's programs in the order of their start.
pub(super) fn of_cluster(run: &Path, kubernetes: &Path, node_ip: IpAddr) -> Vec<Program> {
    let program = |name, arguments| of_kubernetes(kubernetes, name, arguments);
    let config = |file: &str| run.join("config").join(file).display().to_string();
    vec![
        program("etcd", vec![format!("--config-file={}", config("etcd.json"))]),
        program("kube-apiserver", api_server(run, node_ip)),
        program("kube-controller-manager", controller_manager(run)),
        program(
            "kube-scheduler",
            vec![
                format!("--kubeconfig={}", config("kube-scheduler.kubeconfig")),
                "--leader-elect=false".to_owned(),
                "--secure-port=0".to_owned(),
            ],
        ),
        program(
            "kube-proxy",
            vec![format!("--config={}", config("kube-proxy.json"))],
        ),
    ]
}

fn api_server(run: &Path, node_ip: IpAddr) -> Vec<String> {
    let pki = |file: &str| run.join("pki").join(file).display().to_string();
    vec![
        format!("--etcd-servers=http://127.0.0.1:{ETCD_PORT}"),
        format!("--secure-port={API_PORT}"),
        format!("--advertise-address={node_ip}"),
        format!("--service-cluster-ip-range={SERVICE_RANGE}"),
        "--authorization-mode=Node,RBAC".to_owned(),
        "--enable-admission-plugins=NodeRestriction".to_owned(),
        "--allow-privileged=true".to_owned(),
        format!("--client-ca-file={}", pki("ca.crt")),
        format!("--tls-cert-file={}", pki("apiserver.crt")),
        format!("--tls-private-key-file={}", pki("apiserver.key")),
        format!("--kubelet-certificate-authority={}", pki("ca.crt")),
        format!(
            "--kubelet-client-certificate={}",
            pki("apiserver-kubelet-client.crt")
        ),
        format!("--kubelet-client-key={}", pki("apiserver-kubelet-client.key")),
        "--kubelet-preferred-address-types=InternalIP".to_owned(),
        format!("--service-account-key-file={}", pki("service-accounts.pub")),
        format!(
            "--service-account-signing-key-file={}",
            pki("service-accounts.key")
        ),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
    ]
}

fn controller_manager(run: &Path) -> Vec<String> {
    let pki = |file: &str| run.join("pki").join(file).display().to_string();
    vec![
        format!(
            "--kubeconfig={}",
            run.join("config/kube-controller-manager.kubeconfig").display()
        ),
        "--leader-elect=false".to_owned(),
        "--secure-port=0".to_owned(),
        "--allocate-node-cidrs".to_owned(),
        format!("--cluster-cidr={POD_RANGE}"),
        format!("--service-cluster-ip-range={SERVICE_RANGE}"),
        format!("--root-ca-file={}", pki("ca.crt")),
        format!(
            "--service-account-private-key-file={}",
            pki("service-accounts.key")
        ),
        "--use-service-account-credentials".to_owned(),
    ]
}

impl Program {
    /// Starts the program in the background.
    ///
    /// # Errors
    /// Returns an error if it cannot be executed.
    pub(super) fn start(&self, run: &Path) -> Result<()> {
        let folder = self.file.parent().unwrap_or(Path::new("/")).display();
        let path = std::env::var("PATH").unwrap_or_default();
        // containerd finds its shim on the PATH.
        let environment = [
            ("PATH", format!("{folder}:{path}")),
            ("GOGC", GARBAGE_PERCENT.to_owned()),
        ];
        processes::start(self.name, run, &self.file, &self.arguments, &environment)
    }
}
