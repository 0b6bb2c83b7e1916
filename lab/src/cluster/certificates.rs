//! The cluster's certificates: one CA, and a certificate for each program that
//! needs one. Made anew at every `up`.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use anyhow::Result;
use rcgen::KeyPair;

use super::NODE;
use crate::certificates::{Authority, Subject, server_names};

/// The first address of the Service range: `kubernetes.default`.
const API_SERVICE: Ipv4Addr = Ipv4Addr::new(10, 96, 0, 1);
/// What the API server is called.
const API_NAMES: [&str; 5] = [
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
];
/// File name, and who it is.
const CLIENTS: [(&str, Subject<'_>); 5] = [
    ("admin", ("lab-admin", "system:masters")),
    ("kube-controller-manager", ("system:kube-controller-manager", "")),
    ("kube-scheduler", ("system:kube-scheduler", "")),
    ("kube-proxy", ("system:kube-proxy", "")),
    ("apiserver-kubelet-client", ("lab-apiserver", "system:masters")),
];

/// Writes `NAME.crt` and `NAME.key` of all into `folder`.
///
/// # Errors
/// When a file cannot be written.
pub(super) fn write(folder: &Path, node_ip: IpAddr) -> Result<()> {
    let authority = Authority::new(folder, "lab")?;
    for (name, subject) in CLIENTS {
        authority.issue(name, subject, Vec::new())?;
    }
    let addresses = [node_ip, Ipv4Addr::LOCALHOST.into(), API_SERVICE.into()];
    authority.issue(
        "kubelet",
        ("system:node:lab", "system:nodes"),
        server_names(&[NODE], &addresses)?,
    )?;
    authority.issue(
        "apiserver",
        ("kube-apiserver", ""),
        server_names(&API_NAMES, &addresses)?,
    )?;
    let service_accounts = KeyPair::generate()?;
    fs::write(
        folder.join("service-accounts.key"),
        service_accounts.serialize_pem(),
    )?;
    fs::write(
        folder.join("service-accounts.pub"),
        service_accounts.public_key_pem(),
    )?;
    Ok(())
}
