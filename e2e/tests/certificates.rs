//! Docker's port with TLS, as the chart sets it: by certificates that Helm makes, that a
//! Secret has, or that cert-manager issues. A real peer shows its own.

use std::path::Path;
use std::time::Duration;

use harness::{Installed, TestNetwork, await_so, lab, says};
use lab::cert_manager::CertManager;
use lab::cluster::Namespace;
use lab::docker::{ClientTls, Docker};
use lab::docker_tls::DockerTls;
use lab::network::{NetworkOptions, Package};
use lab::progress::Progress;
use serde_json::json;

/// The server's Secret, as the chart names it.
const SERVER: &str = "chainpod-tls";
/// The peers' Secret that Helm makes, as the chart names it.
const SELF_MADE: &str = "chainpod-docker-client";
/// Those that a test gives.
const GIVEN: [&str; 2] = ["docker-server", "docker-peers"];
/// The peers' Secret that cert-manager writes.
const ISSUED: &str = "peer-docker-client";
/// A further name of the server, which only its next certificate has.
const RENEWED: &str = "docker.renewed.example";
/// The time limit for the kubelet to write a Secret's new content: it looks once a minute.
const MOUNTED_LIMIT: Duration = Duration::from_secs(150);

/// An installation that only clients with a certificate may use.
struct Served<'a> {
    installed: &'a Installed,
    /// The Secrets of the server and of the peers.
    secrets: [&'a str; 2],
}

impl Served<'_> {
    /// Docker's API by that name, for a client that shows that.
    fn docker(&self, name: &str, identity: Option<(Vec<u8>, Vec<u8>)>) -> Docker {
        let ca = self.pem(self.secrets[0], "ca.crt");
        let address = self.installed.address(2376);
        Docker::called(name, address, &ClientTls { ca, identity }).unwrap()
    }

    fn pem(&self, secret: &str, key: &str) -> Vec<u8> {
        let template = format!("--output=go-template={{{{index .data {key:?} | base64decode}}}}");
        let text = self.installed.kubectl(&["get", "secret", secret, &template]);
        text.into_bytes()
    }

    /// Returns the certificate and the key that the peers show.
    fn identity(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        let pem = |key| self.pem(self.secrets[1], key);
        Some((pem("tls.crt"), pem("tls.key")))
    }

    fn only_who_shows_a_certificate_is_served(&self) {
        let folder = tempfile::tempdir().unwrap();
        let foreign = DockerTls::new(folder.path(), &[]).unwrap();
        let read = |file: &Path| std::fs::read(file).unwrap();
        let foreign = (read(&foreign.client_certificate()), read(&foreign.client_key()));
        for name in names(self.installed.namespace()) {
            assert!(self.docker(&name, self.identity()).is_up(), "{name}");
            for (identity, alert) in [
                (None, "CertificateRequired"),
                // Which one depends on the names of the CAs.
                (Some(foreign.clone()), "received fatal alert"),
            ] {
                let refused = self.docker(&name, identity).get("/version").unwrap_err();
                says(&format!("{refused:#}"), &[alert]);
            }
        }
    }

    /// A network whose peers show theirs, with chaincode that serves.
    fn network(&self, progress: &Progress) -> TestNetwork {
        let namespace = self.installed.namespace();
        let options = NetworkOptions::new(namespace, "tcp://docker:2376");
        let options = options.in_cluster(namespace).docker_secret(self.secrets[1]);
        let network = TestNetwork::of(&options, progress);
        network.deploy(&Package::go("kv_1", progress).unwrap()).unwrap();
        network.invoke("kv", "put", &["colour", "blue"]).unwrap();
        network
    }

    /// `renew` brings a certificate that has one name more: chainpod has it without a restart, and its
    /// peers need none.
    fn a_new_certificate_is_served(&self, network: &TestNetwork, renew: impl FnOnce()) {
        let client = self.docker(RENEWED, self.identity());
        assert!(!client.is_up());
        let pod = self.installed.pod_uid();
        renew();
        await_so("the new certificate", MOUNTED_LIMIT, || client.is_up());
        assert_eq!(self.installed.pod_uid(), pod);
        let restarts = "--output=jsonpath={.status.containerStatuses[*].restartCount}";
        assert_eq!(self.installed.kubectl(&["get", &pod, restarts]), "0");

        network.comes_back_after_a_crash();
    }
}

/// The names of the Service, which are the server's.
fn names(namespace: &str) -> [String; 3] {
    [
        "docker".to_owned(),
        format!("docker.{namespace}"),
        format!("docker.{namespace}.svc"),
    ]
}

/// Helm makes the certificates at the first installation, and keeps them.
#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn a_peer_shows_docker_the_certificate_that_helm_has_made() {
    let progress = Progress::new("clustertls");
    let (cluster, _) = lab(&progress);
    let values = ["docker.tls.enabled=true", "docker.tls.selfMade=true"];
    let installed = Installed::with(&cluster, "clustertls", &values);
    let secret = || installed.kubectl(&["get", "secret", SELF_MADE, "--output=jsonpath={.data}"]);
    let first = secret();
    installed.upgrade(&["log.filter=debug"]);
    assert_eq!(secret(), first);

    let served = Served {
        installed: &installed,
        secrets: [SERVER, SELF_MADE],
    };
    served.only_who_shows_a_certificate_is_served();
    let _network = served.network(&progress);
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn a_peer_shows_docker_the_certificate_of_a_secret_that_may_be_replaced() {
    const NAMESPACE: &str = "clustergiven";
    let progress = Progress::new(NAMESPACE);
    let (cluster, _) = lab(&progress);
    let folder = tempfile::tempdir().unwrap();
    let names = names(NAMESPACE);
    let mut names: Vec<_> = names.iter().map(String::as_str).collect();
    let tls = DockerTls::new(folder.path(), &names).unwrap();
    let secret = format!("docker.tls.secretName={}", GIVEN[0]);
    let installed = Installed::prepared(
        &cluster,
        NAMESPACE,
        |namespace| put_secrets(namespace, &tls),
        &["docker.tls.enabled=true", &secret],
    );
    let served = Served {
        installed: &installed,
        secrets: GIVEN,
    };
    served.only_who_shows_a_certificate_is_served();
    let network = served.network(&progress);
    served.a_new_certificate_is_served(&network, || {
        names.push(RENEWED);
        tls.renew(&names).unwrap();
        put_secrets(installed.place(), &tls);
    });
}

/// The Secrets of the server and of the peers, in the place of what is there.
fn put_secrets(namespace: &Namespace, tls: &DockerTls) {
    let pairs = [
        (tls.server_certificate(), tls.server_key()),
        (tls.client_certificate(), tls.client_key()),
    ];
    for (name, (certificate, key)) in GIVEN.into_iter().zip(pairs) {
        let files = [("ca.crt", tls.ca()), ("tls.crt", certificate), ("tls.key", key)];
        let files = files.map(|(name, file)| format!("--from-file={name}={}", file.display()));
        let create = ["create", "secret", "generic", name, "--type=kubernetes.io/tls"];
        let written = ["--dry-run=client", "--output=yaml"];
        let files = files.each_ref().map(String::as_str);
        let secret = namespace
            .kubectl(&[&create[..], &files, &written].concat())
            .unwrap();
        namespace.cluster().apply(&secret).unwrap();
    }
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn a_peer_shows_docker_the_certificate_that_cert_manager_has_issued() {
    const NAMESPACE: &str = "clusterissued";
    let progress = Progress::new(NAMESPACE);
    let (cluster, _) = lab(&progress);
    // Before all: the release has objects of its kinds.
    let _cert_manager = CertManager::start(&cluster, NAMESPACE).unwrap();
    let client = format!("docker.tls.clientSecretName={ISSUED}");
    let installed = Installed::prepared(
        &cluster,
        NAMESPACE,
        make_issuer,
        &[
            "docker.tls.enabled=true",
            "docker.tls.certManager.issuerRef.name=peers",
            "docker.tls.certManager.duration=8760h",
            &client,
        ],
    );
    are_ready(&installed);
    let served = Served {
        installed: &installed,
        secrets: [SERVER, ISSUED],
    };
    served.only_who_shows_a_certificate_is_served();
    let network = served.network(&progress);
    served.a_new_certificate_is_served(&network, || {
        installed.upgrade(&[&format!("docker.tls.dnsNames={{{RENEWED}}}")]);
        are_ready(&installed);
    });

    // As docs/install.md says.
    installed.uninstall();
    for secret in [SERVER, ISSUED] {
        let _ = installed.kubectl(&["get", "secret", secret]);
    }
}

fn are_ready(installed: &Installed) {
    let ready = ["wait", "--for=condition=Ready", "--timeout=60s"];
    let _ = installed.kubectl(
        &[
            &ready[..],
            &["certificate/chainpod", "certificate/chainpod-client"],
        ]
        .concat(),
    );
}

/// An Issuer with a CA of its own, as cert-manager's documentation makes one.
fn make_issuer(namespace: &Namespace) {
    let issuer = |name: &str, spec| json!({"kind": "Issuer", "metadata": {"name": name}, "spec": spec});
    let ca = json!({"kind": "Certificate", "metadata": {"name": "ca"}, "spec": {
        "isCA": true, "commonName": "peers-ca", "secretName": "ca", "duration": "87600h",
        "privateKey": {"algorithm": "ECDSA", "size": 256}, "issuerRef": {"name": "self-signed"}}});
    for mut object in [
        issuer("self-signed", json!({"selfSigned": {}})),
        ca,
        issuer("peers", json!({"ca": {"secretName": "ca"}})),
    ] {
        object["apiVersion"] = json!("cert-manager.io/v1");
        object["metadata"]["namespace"] = json!(namespace.name());
        namespace.cluster().apply(&object.to_string()).unwrap();
    }
}
