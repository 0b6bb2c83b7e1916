//! An authority and the certificates that it issues, as files: for the cluster's
//! programs, and for Docker endpoints with TLS.

use std::fs;
use std::net::IpAddr;
use std::path::Path;

use anyhow::Result;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};

/// A certificate's common name and organisation. An empty organisation is left out.
pub(crate) type Subject<'a> = (&'a str, &'a str);

/// An authority.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// A new one, with `ca.crt` and `ca.key` in `folder`.
    ///
    /// # Errors
    /// Returns an error if a file cannot be written.
    pub(crate) fn new(folder: &Path, common_name: &str) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let key = KeyPair::generate()?;
        let ca = Self::params(common_name);
        fs::write(folder.join("ca.crt"), ca.self_signed(&key)?.pem())?;
        fs::write(folder.join("ca.key"), key.serialize_pem())?;
        Ok(Self {
            issuer: Issuer::new(ca, key),
        })
    }

    /// The one that [`Self::new`] made in `folder` under that name.
    ///
    /// # Errors
    /// Returns an error if its key cannot be read.
    pub(crate) fn open(folder: &Path, common_name: &str) -> Result<Self> {
        let key = KeyPair::from_pem(&fs::read_to_string(folder.join("ca.key"))?)?;
        Ok(Self {
            issuer: Issuer::new(Self::params(common_name), key),
        })
    }

    fn params(common_name: &str) -> CertificateParams {
        let mut ca = CertificateParams::default();
        ca.distinguished_name.push(DnType::CommonName, common_name);
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.key_usages = vec![
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::CrlSign,
            KeyUsagePurpose::DigitalSignature,
        ];
        ca
    }

    /// Writes `NAME.crt` and `NAME.key` into `folder`, good for clients and for servers of these names.
    ///
    /// # Errors
    /// Returns an error if a file cannot be written.
    pub(crate) fn issue(
        &self,
        folder: &Path,
        name: &str,
        (common_name, organisation): Subject<'_>,
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
        let certificate = params.signed_by(&key, &self.issuer)?;
        fs::write(folder.join(format!("{name}.crt")), certificate.pem())?;
        fs::write(folder.join(format!("{name}.key")), key.serialize_pem())?;
        Ok(())
    }
}

/// Returns the subject alternative names of a server: its DNS names and its addresses.
///
/// # Errors
/// Returns an error if a name is not a DNS name.
pub(crate) fn server_names(names: &[&str], addresses: &[IpAddr]) -> Result<Vec<SanType>> {
    let mut all: Vec<_> = addresses.iter().copied().map(SanType::IpAddress).collect();
    for name in names {
        all.push(SanType::DnsName((*name).try_into()?));
    }
    Ok(all)
}
