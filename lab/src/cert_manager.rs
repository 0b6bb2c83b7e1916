//! cert-manager for one namespace: its CRDs in the cluster, and its controllers as a process
//! of this machine. Its webhook is not here: what that refuses is taken.

use std::fs::{self, File};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

use crate::cluster::{Cluster, state_folder};
use crate::go_build::{self, GoModule};
use crate::processes;

const CERT_MANAGER: GoModule = GoModule {
    name: "cert-manager",
    folder: "cert-manager",
    packages: &["."],
    ldflags: "-s -w",
    tags: "",
};
/// The module that it is made of, which has the CRDs.
const MODULE: &str = "github.com/cert-manager/cert-manager";
/// The kinds of cert-manager, without the ACME kinds.
const KINDS: [&str; 4] = ["certificaterequests", "certificates", "clusterissuers", "issuers"];
const GROUP: &str = "cert-manager.io";

/// It runs. It is ended, and its kinds are removed with all of them, when it is dropped: there is one at a time.
pub struct CertManager {
    cluster: Cluster,
    child: Child,
    log: tempfile::NamedTempFile,
}

impl CertManager {
    /// Applies the CRDs, and starts it for a namespace of that name, which need not be there yet.
    ///
    /// # Errors
    /// Returns an error if Go cannot build it, or if kubectl fails.
    pub fn start(cluster: &Cluster, namespace: &str) -> Result<Self> {
        let program = CERT_MANAGER.build()?.join("cert-manager");
        let crds = go_build::source(CERT_MANAGER.folder, MODULE)?.join("deploy/crds");
        let mut apply = vec!["apply".to_owned(), "--server-side".to_owned()];
        apply.extend(KINDS.map(|kind| {
            format!(
                "--filename={}",
                crds.join(format!("{GROUP}_{kind}.yaml")).display()
            )
        }));
        cluster.kubectl(&apply.iter().map(String::as_str).collect::<Vec<_>>())?;
        let names = names();
        let wait = ["wait", "--for=condition=Established", "--timeout=30s"];
        cluster.kubectl(&[&wait[..], &names.each_ref().map(String::as_str)].concat())?;

        let log = tempfile::NamedTempFile::new()?;
        let output = || File::options().append(true).open(log.path());
        let mut command = Command::new(&program);
        command
            .arg("--kubeconfig")
            .arg(cluster.kubeconfig())
            .args(["--namespace", namespace])
            .stdin(Stdio::null())
            .stdout(output()?)
            .stderr(output()?);
        let child = processes::mark(&mut command, &state_folder()?)
            .spawn()
            .with_context(|| format!("cannot run {}", program.display()))?;
        Ok(Self {
            cluster: cluster.clone(),
            child,
            log,
        })
    }
}

impl Drop for CertManager {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = fs::read_to_string(self.log.path()).unwrap_or_default();
            eprintln!("cert-manager's log:\n{log}");
        }
        let names = names();
        let delete = ["delete", "--ignore-not-found"];
        let deleted = self
            .cluster
            .kubectl(&[&delete[..], &names.each_ref().map(String::as_str)].concat());
        if let Err(error) = deleted {
            eprintln!("cannot delete cert-manager's kinds: {error:#}");
        }
    }
}

fn names() -> [String; KINDS.len()] {
    KINDS.map(|kind| format!("customresourcedefinition/{kind}.{GROUP}"))
}
