//! A validating admission webhook on this machine that denies what it is asked:
//! the API server calls it over HTTPS, as it calls a policy engine.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use lab::cluster::Cluster;
use lab::command::await_true;
use lab::docker_tls::DockerTls;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

/// A Pod that meets every Pod Security Standard and a quota, so that only the webhook denies it.
const PROBE: &str = r#"{"spec": {"containers": [{"name": "probe", "resources": {"requests": {"cpu": "1m"}}, "securityContext": {
    "runAsUser": 500, "runAsNonRoot": true, "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"}}}]}}"#;

/// Its configuration in the cluster, which goes when it is dropped. Its thread ends with the process.
pub struct Webhook {
    cluster: Cluster,
    name: String,
}

impl Webhook {
    /// Denies the Pods of that namespace that have the label, with that message, from the return on.
    ///
    /// # Errors
    /// Returns kubectl's error, or an error if the API server does not call the webhook within 90 s.
    pub fn deny_pods(cluster: &Cluster, namespace: &str, label: (&str, &str), message: &str) -> Result<Self> {
        let tls = DockerTls::lab()?;
        let address = serve(&tls, message)?;
        let name = format!("{namespace}.chainpod.test");
        let manifest = manifest(&name, namespace, label, address, &fs::read(tls.ca())?);
        cluster.apply(&manifest.to_string())?;
        let webhook = Self {
            cluster: cluster.clone(),
            name,
        };
        await_true("the webhook to be asked", || {
            let denied = probe(cluster, namespace, label, "name").err();
            denied.is_some_and(|error| format!("{error:#}").contains(message))
        })?;
        Ok(webhook)
    }
}

/// Returns the Pod with that label as the API server would make it, in the format of `kubectl --output`.
///
/// # Errors
/// Returns kubectl's error, which names what denies the Pod.
pub fn probe(cluster: &Cluster, namespace: &str, label: (&str, &str), output: &str) -> Result<String> {
    let label = format!("--labels={}={}", label.0, label.1);
    let run = [
        "--namespace",
        namespace,
        "run",
        "probe",
        "--image=probe",
        "--dry-run=server",
    ];
    let more = [
        "--output",
        output,
        &label,
        "--override-type=strategic",
        "--overrides",
        PROBE,
    ];
    cluster.kubectl(&[&run[..], &more].concat())
}

impl Drop for Webhook {
    fn drop(&mut self) {
        let delete = ["delete", "validatingwebhookconfiguration", &self.name];
        if let Err(error) = self.cluster.kubectl(&delete) {
            eprintln!("cannot delete webhook {}: {error:#}", self.name);
        }
    }
}

fn manifest(
    name: &str,
    namespace: &str,
    (key, value): (&str, &str),
    address: SocketAddr,
    ca: &[u8],
) -> Value {
    let one = |key: &str, value: &str| json!({"matchLabels": {key: value}});
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": name},
        "webhooks": [{
            "name": name,
            "clientConfig": {"url": format!("https://{address}/"), "caBundle": BASE64_STANDARD.encode(ca)},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}],
            "namespaceSelector": one("kubernetes.io/metadata.name", namespace),
            "objectSelector": one(key, value),
            "admissionReviewVersions": ["v1"], "sideEffects": "None", "timeoutSeconds": 5,
        }],
    })
}

fn serve(tls: &DockerTls, message: &str) -> Result<SocketAddr> {
    // An error means that another endpoint has set it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let chain = CertificateDer::pem_file_iter(tls.server_certificate())?.collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_file(tls.server_key())?;
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    let config = Arc::new(config);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let message = message.to_owned();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let (config, message) = (Arc::clone(&config), message.clone());
            // The API server keeps its connection and cuts it when it likes.
            thread::spawn(move || answer_all(client, config, &message));
        }
    });
    Ok(address)
}

fn answer_all(client: TcpStream, config: Arc<ServerConfig>, message: &str) -> Result<()> {
    let tls = StreamOwned::new(ServerConnection::new(config)?, client);
    let mut stream = BufReader::new(tls);
    loop {
        let review: Value = serde_json::from_slice(&body(&mut stream)?)?;
        let denial = json!({
            "apiVersion": "admission.k8s.io/v1",
            "kind": "AdmissionReview",
            "response": {"uid": review["request"]["uid"], "allowed": false, "status": {"message": message}},
        })
        .to_string();
        let length = denial.len();
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{denial}"
        );
        stream.get_mut().write_all(answer.as_bytes())?;
        stream.get_mut().flush()?;
    }
}

/// The body of the next request.
fn body(stream: &mut impl BufRead) -> Result<Vec<u8>> {
    let mut length = None;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let line = line.trim_end().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = Some(value.trim().parse()?);
        } else if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length.context("a request without a body, or the end")?];
    stream.read_exact(&mut body)?;
    Ok(body)
}
