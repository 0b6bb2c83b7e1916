//! The cluster's certificates: one CA, and a certificate for each program that
//! needs one. Made anew at every `up`.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use anyhow::Result;
use rcgen::KeyPair;

use crate::certificates::{Authority, Subject, server_names};

/// The first address of the Service range: `kubernetes.default`.
const API_SERVICE: Ipv4Addr = Ipv4Addr::new(10, 96, 0, 1);
/// The authority's name.
const AUTHORITY: &str = "lab";
/// The host names of the API server.
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
/// Returns an error if a file cannot be written.
pub(super) fn write(folder: &Path, node_ip: IpAddr) -> Result<()> {
    let authority = Authority::new(folder, AUTHORITY)?;
    for (name, subject) in CLIENTS {
        authority.issue(folder, name, subject, Vec::new())?;
    }
    let addresses = [node_ip, Ipv4Addr::LOCALHOST.into(), API_SERVICE.into()];
    authority.issue(
        folder,
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

/// Writes the kubelet's certificate of the node of that name into `folder`, and the authority's,
/// which is in `of_cluster`.
///
/// # Errors
/// Returns an error if a file cannot be written.
pub(super) fn write_node(of_cluster: &Path, folder: &Path, node: &str, node_ip: IpAddr) -> Result<()> {
    let authority = Authority::open(of_cluster, AUTHORITY)?;
    fs::create_dir_all(folder)?;
    if folder != of_cluster {
        fs::copy(of_cluster.join("ca.crt"), folder.join("ca.crt"))?;
    }
    let names = server_names(&[node], &[node_ip, Ipv4Addr::LOCALHOST.into()])?;
    let user = format!("system:node:{node}");
    authority.issue(folder, "kubelet", (&user, "system:nodes"), names)
}
