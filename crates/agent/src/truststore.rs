//! The certificates that the operator wants to be trusted, for Java, which cannot read PEM: a key store of the
//! type JKS, which every version of Java reads.

use std::fs;
use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// The first bytes of a JKS: its magic number and version.
const HEAD: [u8; 8] = [0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2];
/// The tag of a trusted certificate.
const TRUSTED: u32 = 2;
/// The type of all certificates.
const KIND: &str = "X.509";
/// The length of the digest at the end. Java checks it only if a password is given, and no password is given
/// here.
const DIGEST_BYTES: usize = 20;

/// Writes the certificates of `bundle` to `truststore`.
pub(crate) fn make(bundle: &Path, truststore: &Path) -> Result<(), String> {
    let unreadable = |error| format!("the certificates in {} cannot be read: {error}", bundle.display());
    let certificates = CertificateDer::pem_file_iter(bundle).map_err(unreadable)?;
    let certificates: Vec<_> = certificates.collect::<Result<_, _>>().map_err(unreadable)?;
    fs::write(truststore, store(&certificates))
        .map_err(|error| format!("{} cannot be written: {error}", truststore.display()))
}

/// Returns the store's bytes (`sun.security.provider.JavaKeyStore`).
fn store(certificates: &[CertificateDer<'_>]) -> Vec<u8> {
    let mut store = HEAD.to_vec();
    number(&mut store, certificates.len());
    for (index, certificate) in certificates.iter().enumerate() {
        store.extend(TRUSTED.to_be_bytes());
        text(&mut store, &format!("ca-{index}"));
        // The creation time, which nobody reads.
        store.extend(0_u64.to_be_bytes());
        text(&mut store, KIND);
        number(&mut store, certificate.len());
        store.extend(certificate.as_ref());
    }
    store.extend([0; DIGEST_BYTES]);
    store
}

/// Writes a length like Java's `writeInt`. No certificate has 4 GiB.
fn number(store: &mut Vec<u8>, number: usize) {
    store.extend(u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes());
}

/// Writes a short plain text like Java's `writeUTF`.
fn text(store: &mut Vec<u8>, text: &str) {
    store.extend(u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes());
    store.extend(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_certificate_has_its_entry() {
        let certificates = [vec![1, 2, 3], vec![4]].map(CertificateDer::from);
        let store = store(&certificates);
        assert_eq!(store[..12], [HEAD.as_slice(), &[0, 0, 0, 2]].concat());
        let entry = [
            &[0, 0, 0, 2][..],
            &[0, 4],
            b"ca-0",
            &[0; 8],
            &[0, 5],
            b"X.509",
            &[0, 0, 0, 3, 1, 2, 3],
        ]
        .concat();
        assert_eq!(store[12..12 + entry.len()], entry);
    }
}
