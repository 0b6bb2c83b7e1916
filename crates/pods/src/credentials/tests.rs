//! The Secret that is made can be read back, and a TLS client that trusts the CA accepts the server.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};

use super::*;

fn handshake(
    identity: &AgentIdentity,
    certificate: &ServerCertificate,
    name: &str,
) -> Result<(), rustls::Error> {
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(identity.ca_pem().as_bytes()).unwrap())
        .unwrap();
    let chain = vec![CertificateDer::from_pem_slice(certificate.chain_pem.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(certificate.key_pem.as_bytes()).unwrap();
    let server = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let client = rustls::ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut server = rustls::ServerConnection::new(Arc::new(server)).unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut client = rustls::ClientConnection::new(Arc::new(client), name).unwrap();
    while client.is_handshaking() || server.is_handshaking() {
        let mut wire = Vec::new();
        client.write_tls(&mut wire).unwrap();
        server.read_tls(&mut wire.as_slice()).unwrap();
        server.process_new_packets()?;
        wire.clear();
        server.write_tls(&mut wire).unwrap();
        client.read_tls(&mut wire.as_slice()).unwrap();
        client.process_new_packets()?;
    }
    Ok(())
}

#[test]
fn an_agent_that_knows_the_ca_trusts_the_server_by_name_and_address() {
    let identity = AgentIdentity::parse("s", &generate("s").unwrap()).unwrap();
    let names = ["10.96.0.9", "chainpod.fabric.svc"].map(str::to_owned);
    let certificate = identity.server_certificate(&names).unwrap();
    for name in &names {
        handshake(&identity, &certificate, name).unwrap();
    }
    assert!(handshake(&identity, &certificate, "10.96.0.10").is_err());
    let other = AgentIdentity::parse("s", &generate("s").unwrap()).unwrap();
    assert!(handshake(&other, &certificate, &names[0]).is_err());
}

#[test]
fn a_secret_that_is_not_ours_says_what_is_missing() {
    let mut secret = generate("s").unwrap();
    secret
        .data
        .as_mut()
        .unwrap()
        .insert(TOKEN_KEY.to_owned(), ByteString(b"short".to_vec()));
    let text = AgentIdentity::parse("s", &secret).err().unwrap().to_string();
    assert!(text.starts_with("secret s has no usable token.key"), "{text}");
}
