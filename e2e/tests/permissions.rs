//! The Role is enough, and no more: chainpod makes Secrets that it can never
//! read. (That it is enough is what all stories show: each chainpod of the lab has it.)

use harness::chainpod::Chainpod;
use harness::lab;
use harness::proxy::Proxy;
use lab::cluster::Cluster;
use lab::docker::{Docker, tar};
use lab::progress::Progress;
use serde_json::json;
use ureq::Agent;
use ureq::http::Request;

const NAMESPACE: &str = "command-role";
/// The content that a peer puts into its chaincode's container. Nobody may read it back.
const CONTENT: &str = "a private key";
/// The same as Secrets hold it.
const CONTENT_BASE64: &str = "YSBwcml2YXRlIGtleQ==";

#[test]
fn a_files_secret_can_be_made_and_by_no_call_be_read() {
    let (cluster, daemon) = lab(&Progress::new("permissions"));
    let chainpod = Chainpod::start(&cluster, &daemon, NAMESPACE).unwrap();
    let secret = upload(&chainpod, &cluster);

    let own = Proxy::start(&cluster, chainpod.kubeconfig()).unwrap();
    let all = format!("/api/v1/namespaces/{NAMESPACE}/secrets");
    let one = format!("{all}/{secret}");
    let named = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": secret}}).to_string();
    let merge = "application/merge-patch+json";
    for (method, path, kind, body) in [
        ("GET", one.clone(), "", ""),
        ("GET", all.clone(), "", ""),
        ("GET", format!("{all}?watch=1"), "", ""),
        (
            "GET",
            format!("{all}?fieldSelector=metadata.name={secret}"),
            "",
            "",
        ),
        ("PATCH", one.clone(), merge, "{}"),
        ("PATCH", format!("{one}?dryRun=All"), merge, "{}"),
        (
            "PATCH",
            format!("{one}?fieldManager=me"),
            "application/apply-patch+yaml",
            &named,
        ),
        ("PUT", one.clone(), "application/json", &named),
        ("PUT", format!("{one}?dryRun=All"), "application/json", &named),
        ("DELETE", one.clone(), "", ""),
        ("DELETE", format!("{one}?dryRun=All"), "", ""),
        ("DELETE", format!("{all}?dryRun=All"), "", ""),
    ] {
        let (status, answer) = call(&own, method, &path, kind, body);
        assert_eq!(status, 403, "{method} {path}: {answer}");
        assert!(!answer.contains(CONTENT_BASE64), "{method} {path}: {answer}");
    }
    let (status, answer) = call(&own, "POST", &all, "application/json", &named);
    assert_eq!(status, 409, "{answer}");
    assert!(!answer.contains(CONTENT_BASE64), "{answer}");

    // The other side of it: the content is there, and its own Secret is readable.
    let admin = Proxy::start(&cluster, &cluster.kubeconfig()).unwrap();
    let (status, answer) = call(&admin, "GET", &one, "", "");
    assert!(status == 200 && answer.contains(CONTENT_BASE64), "{answer}");
    let (status, answer) = call(&own, "GET", &format!("{all}/chainpod-credentials"), "", "");
    assert!(status == 200 && answer.contains("token.key"), "{answer}");
}

/// Puts a file into a container of chaincode. Returns the name of the Secret that holds it.
fn upload(chainpod: &Chainpod, cluster: &Cluster) -> String {
    let docker = Docker::new(chainpod.docker());
    let dockerfile = b"FROM hyperledger/fabric-baseos:2.5\n";
    docker
        .build("role", &tar(&[("Dockerfile", dockerfile)]).unwrap())
        .unwrap();
    docker
        .create("role", &json!({"Image": "role", "Cmd": ["true"]}))
        .unwrap();
    let file = [("etc/hyperledger/fabric/client.key", CONTENT.as_bytes())];
    docker.upload("role", "/", &tar(&file).unwrap()).unwrap();
    let secrets = cluster
        .kubectl(&["--namespace", NAMESPACE, "get", "secrets", "--output=name"])
        .unwrap();
    let files = secrets.lines().find(|name| name.contains("-files-"));
    files.expect(&secrets).trim_start_matches("secret/").to_owned()
}

fn call(proxy: &Proxy, method: &str, path: &str, kind: &str, body: &str) -> (u16, String) {
    let request = Request::builder()
        .method(method)
        .uri(format!("{}{path}", proxy.url()))
        .header("content-type", kind)
        .body(body.to_owned())
        .unwrap();
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .allow_non_standard_methods(true);
    let agent: Agent = config.build().into();
    let mut answer = agent.run(request).unwrap();
    let text = answer.body_mut().read_to_string().unwrap();
    (answer.status().as_u16(), text)
}
