//! A real client against the listener, with certificates made here.

use std::fs;

use axum::routing::get;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

use super::*;
use crate::listen::{Connections, Listener, docker_listener};

type Ca = CertifiedIssuer<'static, KeyPair>;

fn ca() -> Ca {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate for `localhost` and its key, PEM.
fn issued(ca: &Ca) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, ca).unwrap();
    (certificate.pem(), key.serialize_pem())
}

fn write(folder: &TempDir, ca: &Ca) {
    let (certificate, key) = issued(ca);
    fs::write(folder.path().join("key"), key).unwrap();
    fs::write(folder.path().join("cert"), certificate).unwrap();
}

fn files(folder: &TempDir, client_ca: Option<&Ca>) -> TlsFiles {
    TlsFiles {
        certificate: folder.path().join("cert"),
        key: folder.path().join("key"),
        client_ca: client_ca.map(|ca| {
            let file = folder.path().join("client-ca");
            fs::write(&file, ca.pem()).unwrap();
            file
        }),
    }
}

/// Returns the bytes that a client reads from `/`. It trusts `server_ca` and shows a certificate of `own`.
async fn get_root(
    address: std::net::SocketAddr,
    server_ca: &Ca,
    own: Option<&Ca>,
) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(server_ca.der().clone()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_root_certificates(roots);
    let config = match own.map(issued) {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    };
    let tcp = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, tcp).await?;
    stream
        .write_all(b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n")
        .await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

async fn listen(tls: Tls) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = axum::Router::new().route("/", get("hello"));
    tokio::spawn(docker_listener(
        Listener::Tcp(listener, Some(Arc::new(tls))),
        router,
        Connections::default(),
    ));
    address
}

#[tokio::test]
async fn with_a_client_ca_only_its_clients_are_served() {
    let (server_ca, client_ca, folder) = (ca(), ca(), tempfile::tempdir().unwrap());
    write(&folder, &server_ca);
    let address = listen(Tls::load(files(&folder, Some(&client_ca))).unwrap()).await;
    let known = get_root(address, &server_ca, Some(&client_ca)).await.unwrap();
    assert!(known.ends_with("hello"), "{known}");
    assert!(get_root(address, &server_ca, None).await.is_err());
    assert!(get_root(address, &server_ca, Some(&server_ca)).await.is_err());
    assert!(get_root(address, &client_ca, Some(&client_ca)).await.is_err());
}

#[tokio::test]
async fn replaced_files_count_for_the_next_connection_and_broken_ones_do_not() {
    let (first, second, folder) = (ca(), ca(), tempfile::tempdir().unwrap());
    write(&folder, &first);
    let address = listen(Tls::load(files(&folder, None)).unwrap()).await;
    get_root(address, &first, None).await.unwrap();
    // In the middle of a rotation, the key does not belong to the certificate.
    fs::write(folder.path().join("key"), issued(&second).1).unwrap();
    get_root(address, &first, None).await.unwrap();
    write(&folder, &second);
    get_root(address, &second, None).await.unwrap();
    assert!(get_root(address, &first, None).await.is_err());
}

#[tokio::test]
async fn while_the_clients_ca_changes_both_are_good() {
    let (former, new, folder) = (ca(), ca(), tempfile::tempdir().unwrap());
    write(&folder, &former);
    let address = listen(Tls::load(files(&folder, Some(&former))).unwrap()).await;
    let clients = async || {
        let [former, new] = [&former, &new].map(|own| get_root(address, &former, Some(own)));
        (former.await.is_ok(), new.await.is_ok())
    };
    assert_eq!(clients().await, (true, false));
    fs::write(folder.path().join("client-ca"), former.pem() + &new.pem()).unwrap();
    assert_eq!(clients().await, (true, true));
    fs::write(folder.path().join("client-ca"), new.pem()).unwrap();
    assert_eq!(clients().await, (false, true));
}

#[test]
fn each_wrong_file_is_named() {
    let (own, other, folder) = (ca(), ca(), tempfile::tempdir().unwrap());
    let error = |files| Tls::load(files).err().unwrap().to_string();
    assert!(error(files(&folder, None)).contains("/cert: "));
    write(&folder, &own);
    fs::write(folder.path().join("key"), issued(&other).1).unwrap();
    assert!(error(files(&folder, None)).contains("/cert and its key cannot be used: "));
    fs::write(folder.path().join("key"), "").unwrap();
    assert!(error(files(&folder, None)).contains("/key: "));
    write(&folder, &own);
    let with_ca = files(&folder, Some(&own));
    fs::write(folder.path().join("client-ca"), "").unwrap();
    assert!(error(with_ca).contains("/client-ca contains no certificate"));
}
