//! The operator's rules on real Pods, and `chainpod explain` of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use harness::chainpod::Chainpod;
use harness::{Removed, lab};
use lab::cluster::Cluster;
use lab::docker::{Docker, tar};
use lab::progress::Progress;
use serde_json::{Value, json};

/// Rules with every field except the image's user, which decides the Pod's standard.
const ALL: &str = r#"
pods:
- name: other
  match: {chaincode: other}
  env: {PLAIN: wrong}
- name: environment
  match: {chaincode: kv_1, peer: "peer0.*", msp: Org1MSP, role: chaincode}
  env:
    PLAIN: $(HOME) as it is
    TOKEN: {secretKeyRef: {name: rules-token, key: token}}
  caBundle: {configMap: kube-root-ca.crt, key: ca.crt}
  files:
    /etc/own/settings.xml: {configMap: rules-settings, key: settings.xml}
- name: place
  nodeSelector: {kubernetes.io/os: linux}
  tolerations: [{key: pool, operator: Equal, value: builds, effect: NoSchedule}]
  affinity:
    nodeAffinity:
      requiredDuringSchedulingIgnoredDuringExecution:
        nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/os, operator: In, values: [linux]}]}]
  runtimeClassName: rules-runc
  priorityClassName: rules-high
- name: rights
  imagePullSecrets: [rules-mirror]
  serviceAccountName: rules-chaincode
  runAsUser: 1234
- name: metadata
  labels: {team: ledger, chainpod.dev/peer: not-yours}
  annotations: {note: 7}
  template: {spec: {hostname: from-template}}
"#;
/// Objects outside namespaces. The handler is the one that the lab's runtime has.
const CLASSES: &str = "apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: {name: rules-runc}\nhandler: runc\n---\n\
     apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: rules-high}\nvalue: 1000\n";
/// The hash of a package.
const HASH: &str = "477e9776d271bc0497912643ec86ff0fd50959040ae6cc0b52cd24c6d5917f68";

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../examples/rules")
        .join(name)
}

struct Lab {
    cluster: Cluster,
    daemon: PathBuf,
    chainpod: Chainpod,
    docker: Docker,
}

impl Lab {
    fn new(name: &str, rules: &Path) -> Self {
        let (cluster, daemon) = lab(&Progress::new(name));
        let option = format!("--rules={}", rules.display());
        let chainpod = Chainpod::start_with(&cluster, &daemon, name, &[option]).unwrap();
        let docker = Docker::new(chainpod.docker());
        let context = tar(&[
            (
                "Dockerfile",
                b"FROM hyperledger/fabric-baseos:2.5\nADD own /usr/local/bin/\n",
            ),
            ("own", b"own"),
        ]);
        docker.build("own", context.unwrap()).unwrap();
        Self {
            cluster,
            daemon,
            chainpod,
            docker,
        }
    }

    /// Starts a container that a peer would call chaincode. Returns its Pod.
    fn run(&self, chaincode: &str, script: &str) -> Value {
        let name = container(chaincode);
        let body = json!({
            "Image": "own",
            "Cmd": ["/bin/sh", "-c", format!("{script}; exec sleep 600")],
            "Env": ["CORE_PEER_LOCALMSPID=Org1MSP", "PLAIN=the client's"],
            "HostConfig": {"Memory": 2_147_483_648_u64},
        });
        self.docker.create(&name, &body).unwrap();
        self.docker.start(&name).unwrap();
        let selector = format!("chainpod.dev/chaincode={chaincode}");
        let pods = self.kubectl(&["get", "pods", "-l", &selector, "-o", "json"]);
        let pods: Value = serde_json::from_str(&pods).unwrap();
        pods["items"][0].clone()
    }

    fn kubectl(&self, arguments: &[&str]) -> String {
        self.chainpod.kubectl(arguments).unwrap()
    }

    /// `chainpod explain`, with the rights that `serve` has: what it prints, or its error.
    fn explain(&self, name: &str, rules: &Path) -> Result<String, String> {
        let output = Command::new(&self.daemon)
            .args(["explain", name, "--instance", self.chainpod.namespace()])
            .args(["--namespace", self.chainpod.namespace(), "--kubeconfig"])
            .arg(self.chainpod.kubeconfig())
            .env("CHAINPOD_RULES", rules)
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        match output.status.success() {
            true => Ok(text(output.stdout)),
            false => Err(text(output.stderr)),
        }
    }
}

fn container(chaincode: &str) -> String {
    format!("dev-peer0.org1.example.com-{chaincode}-{HASH}")
}

#[test]
fn every_field_of_a_rule_is_on_a_real_pod() {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.yaml");
    fs::write(&rules, ALL).unwrap();
    let lab = Lab::new("rules", &rules);
    lab.cluster.apply(CLASSES).unwrap();
    let classes = ["delete", "runtimeclass/rules-runc", "priorityclass/rules-high"];
    let _classes = Removed(|| lab.cluster.kubectl(&classes));
    for made in [
        &[
            "create",
            "secret",
            "generic",
            "rules-token",
            "--from-literal=token=secret-token",
        ][..],
        &[
            "create",
            "configmap",
            "rules-settings",
            "--from-literal=settings.xml=<settings/>",
        ],
        &["create", "serviceaccount", "rules-chaincode"],
    ] {
        lab.kubectl(made);
    }
    let script = "echo \"$PLAIN|$TOKEN|$(cat /etc/own/settings.xml)|$(id -u)|$(hostname)\"; head -1 \"$SSL_CERT_FILE\"; \
                  test -s \"${JAVA_TOOL_OPTIONS#*=}\" && echo truststore; touch /etc/own/settings.xml || echo read-only";
    let pod = lab.run("kv_1", script);
    let log = lab.kubectl(&["logs", pod["metadata"]["name"].as_str().unwrap()]);
    for line in [
        "$(HOME) as it is|secret-token|<settings/>|1234|from-template",
        "-----BEGIN CERTIFICATE-----",
        "truststore",
        "read-only",
    ] {
        assert!(log.lines().any(|written| written == line), "{line}: {log}");
    }
    let spec = &pod["spec"];
    let term =
        json!({"matchExpressions": [{"key": "kubernetes.io/os", "operator": "In", "values": ["linux"]}]});
    let node = "requiredDuringSchedulingIgnoredDuringExecution";
    for (field, value) in [
        ("nodeSelector", json!({"kubernetes.io/os": "linux"})),
        (
            "affinity",
            json!({"nodeAffinity": {node: {"nodeSelectorTerms": [term]}}}),
        ),
        ("runtimeClassName", json!("rules-runc")),
        ("priorityClassName", json!("rules-high")),
        ("priority", json!(1000)),
        ("imagePullSecrets", json!([{"name": "rules-mirror"}])),
        ("serviceAccountName", json!("rules-chaincode")),
        ("restartPolicy", json!("Never")),
    ] {
        assert_eq!(spec[field], value, "{field}");
    }
    let toleration = json!({"key": "pool", "operator": "Equal", "value": "builds", "effect": "NoSchedule"});
    assert!(
        spec["tolerations"].as_array().unwrap().contains(&toleration),
        "{spec}"
    );
    let meta = &pod["metadata"];
    assert_eq!(meta["labels"]["team"], "ledger");
    assert_eq!(meta["labels"]["chainpod.dev/peer"], "peer0.org1.example.com");
    assert_eq!(meta["annotations"]["note"], "7");
    lab.docker.remove(&container("kv_1")).unwrap();
}

#[test]
fn one_chaincode_is_big_and_the_rest_small_and_explain_names_the_rules() {
    let rules = example("limits.yaml");
    let lab = Lab::new("rules-limits", &rules);
    for (chaincode, memory, cpu) in [("ledger", "4Gi", "2"), ("kv_1", "256Mi", "500m")] {
        let pod = lab.run(chaincode, "true");
        let limits = &pod["spec"]["containers"][0]["resources"]["limits"];
        assert_eq!(*limits, json!({"memory": memory, "cpu": cpu}), "{chaincode}");
    }
    let row = |text: &str, field: &str| -> Vec<String> {
        let row = text.lines().find(|line| line.starts_with(&format!("{field} ")));
        let row = row.unwrap_or_else(|| panic!("{field}: {text}"));
        row.split_whitespace().map(str::to_owned).collect()
    };
    let memory = "resources.limits.memory";
    let text = lab.explain("ledger", &rules).unwrap();
    assert!(text.starts_with(&container("ledger")), "{text}");
    assert_eq!(row(&text, memory), [memory, "4Gi", "ledger-is-big"]);
    let text = lab.explain(&container("kv_1"), &rules).unwrap();
    assert_eq!(row(&text, memory), [memory, "256Mi", "all-others-are-small"]);
    assert_eq!(row(&text, "runAsUser"), ["runAsUser", "500", "default"]);
    let msp = "env.CORE_PEER_LOCALMSPID";
    assert_eq!(row(&text, msp), [msp, "Org1MSP", "client"]);
    let ours = row(
        &lab.explain("kv_1", &example("two-architectures.yaml")).unwrap(),
        memory,
    );
    assert_eq!(ours, [memory, "2147483648", "client"], "no rule says it there");
    let error = lab.explain("nobody", &rules).unwrap_err();
    let begin = "chainpod: in namespace rules-limits, of instance rules-limits, at https://";
    let end = ": no container or chaincode has the name nobody\n";
    assert!(error.starts_with(begin) && error.ends_with(end), "{error}");
    for chaincode in ["ledger", "kv_1"] {
        lab.docker.remove(&container(chaincode)).unwrap();
    }
}
