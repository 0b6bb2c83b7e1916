//! The cluster's programs: started in order, each with a log file and marked
//! by an environment variable, so that `down` finds them whatever happened.

use std::fs::{self, File};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde::Serialize;

use super::{API_PORT, ETCD_PORT, NODE, POD_RANGE, SERVICE_RANGE};

/// The environment variable that marks the lab's processes; its value is the state folder.
pub const MARKER: &str = "CHAINPOD_LAB";

/// A program of the cluster.
pub(super) struct Program {
    /// Its name: of its log file too.
    pub(super) name: &'static str,
    file: PathBuf,
    arguments: Vec<String>,
}

/// All programs in the order of their start.
pub(super) fn all(run: &Path, kubernetes: &Path, containerd: &Path, node_ip: IpAddr) -> Vec<Program> {
    let program = |name: &'static str, arguments: Vec<String>| {
        let arguments = std::iter::once(name.to_owned()).chain(arguments).collect();
        Program {
            name,
            file: kubernetes.join("kubernetes"),
            arguments,
        }
    };
    let config = |file: &str| run.join("config").join(file).display().to_string();
    vec![
        program("etcd", vec![format!("--config-file={}", config("etcd.json"))]),
        Program {
            name: "containerd",
            file: containerd.join("containerd"),
            arguments: vec!["--config".to_owned(), config("containerd.toml")],
        },
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
            "kubelet",
            vec![
                format!("--config={}", config("kubelet.json")),
                format!("--kubeconfig={}", config("kubelet.kubeconfig")),
                format!("--root-dir={}", run.join("kubelet").display()),
                format!("--hostname-override={NODE}"),
                format!("--node-ip={node_ip}"),
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
    /// Starts the program in the background; it outlives this process.
    ///
    /// # Errors
    /// When it cannot be executed.
    pub(super) fn start(&self, run: &Path) -> Result<()> {
        let logs = run.join("logs");
        fs::create_dir_all(&logs)?;
        let log = File::create(logs.join(format!("{}.log", self.name)))?;
        let folder = self.file.parent().unwrap_or(Path::new("/")).display();
        let path = std::env::var("PATH").unwrap_or_default();
        // setsid: a terminal's interrupt must not reach it.
        let mut child = Command::new("setsid")
            .arg("--fork")
            .arg(&self.file)
            .args(&self.arguments)
            .env(MARKER, run)
            .env("PATH", format!("{folder}:{path}"))
            .env("GOGC", "50")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {}", self.name))?;
        child.wait()?;
        Ok(())
    }
}

/// A process of the lab.
#[derive(Debug, Serialize)]
pub struct Process {
    /// Its id.
    pub pid: i32,
    /// Its command line.
    pub command: String,
    /// Its resident memory.
    pub resident_mib: u64,
}

/// The lab's processes, in the order of their ids.
///
/// # Errors
/// When `/proc` cannot be read.
pub fn status() -> Result<Vec<Process>> {
    let mut processes: Vec<_> = marked(&super::state_folder()?)?
        .into_iter()
        .map(|(pid, command)| Process {
            pid,
            command,
            resident_mib: resident_mib(pid),
        })
        .collect();
    processes.sort_by_key(|process| process.pid);
    Ok(processes)
}

fn resident_mib(pid: i32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let kib = status.lines().find_map(|line| {
        line.strip_prefix("VmRSS:")?
            .trim()
            .strip_suffix(" kB")?
            .parse::<u64>()
            .ok()
    });
    kib.unwrap_or_default() >> 10
}

/// The lab's processes as pid and command line, found by the marker.
///
/// # Errors
/// When `/proc` cannot be read.
pub fn marked(run: &Path) -> Result<Vec<(i32, String)>> {
    let marker = format!("{MARKER}={}", run.display());
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let entry = entry?;
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // A process that ended meanwhile has nothing to read.
        let Ok(environment) = fs::read(entry.path().join("environ")) else {
            continue;
        };
        if environment
            .split(|byte| *byte == 0)
            .any(|variable| variable == marker.as_bytes())
        {
            let command = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            found.push((
                pid,
                String::from_utf8_lossy(&command)
                    .replace('\0', " ")
                    .trim()
                    .to_owned(),
            ));
        }
    }
    Ok(found)
}
