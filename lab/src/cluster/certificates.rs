//! The cluster's certificates: one CA, and a certificate for each program that
//! needs one. Made anew at every `up`.

use std::fs;
use std::net::IpAddr;
use std::path::Path;

use anyhow::Result;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};

use super::NODE;

/// The first address of the Service range: `kubernetes.default`.
const API_SERVICE: &str = "10.96.0.1";

/// File name, common name, organisation.
const CLIENTS: [(&str, &str, &str); 6] = [
    ("admin", "lab-admin", "system:masters"),
    ("kube-controller-manager", "system:kube-controller-manager", ""),
    ("kube-scheduler", "system:kube-scheduler", ""),
    ("kube-proxy", "system:kube-proxy", ""),
    ("kubelet", "system:node:lab", "system:nodes"),
    ("apiserver-kubelet-client", "lab-apiserver", "system:masters"),
];

/// Writes `NAME.crt` and `NAME.key` of all into `folder`.
///
/// # Errors
/// When a file cannot be written.
pub(super) fn write(folder: &Path, node_ip: IpAddr) -> Result<()> {
    fs::create_dir_all(folder)?;
    let ca_key = KeyPair::generate()?;
    let mut ca = CertificateParams::default();
    ca.distinguished_name.push(DnType::CommonName, "lab");
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::CrlSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    fs::write(folder.join("ca.crt"), ca.self_signed(&ca_key)?.pem())?;
    fs::write(folder.join("ca.key"), ca_key.serialize_pem())?;
    let issuer = Issuer::from_params(&ca, &ca_key);
    for (name, common_name, organisation) in CLIENTS {
        let names = if name == "kubelet" {
            server_names(&[NODE], node_ip)?
        } else {
            Vec::new()
        };
        issue(folder, &issuer, name, (common_name, organisation), names)?;
    }
    let names = [
        "localhost",
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
    ];
    issue(
        folder,
        &issuer,
        "apiserver",
        ("kube-apiserver", ""),
        server_names(&names, node_ip)?,
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

fn server_names(names: &[&str], node_ip: IpAddr) -> Result<Vec<SanType>> {
    let mut all = vec![
        SanType::IpAddress(node_ip),
        SanType::IpAddress([127, 0, 0, 1].into()),
        SanType::IpAddress(API_SERVICE.parse()?),
    ];
    for name in names {
        all.push(SanType::DnsName((*name).try_into()?));
    }
    Ok(all)
}

fn issue(
    folder: &Path,
    issuer: &Issuer<'_, &KeyPair>,
    name: &str,
    (common_name, organisation): (&str, &str),
    names: Vec<SanType>,
) -> Result<()> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, common_name);
    if !organisation.is_empty() {
        params
            .distinguished_name
            .push(DnType::OrganizationName, organisation);
    }
    params.subject_alt_names = names;
    params.key_usages = vec![
        KeyUsagePurpose::DigitalSignature,
        KeyUsagePurpose::KeyEncipherment,
    ];
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ClientAuth,
        ExtendedKeyUsagePurpose::ServerAuth,
    ];
    fs::write(
        folder.join(format!("{name}.crt")),
        params.signed_by(&key, issuer)?.pem(),
    )?;
    fs::write(folder.join(format!("{name}.key")), key.serialize_pem())?;
    Ok(())
}
