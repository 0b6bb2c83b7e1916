//! Rules as operators write them, and the Pods that they make.

use engine::container::{Container, Role};
use rules::Rules;
use serde_json::{Value, json};

use crate::agent::AgentBy;
use crate::cluster::tests::config;
use crate::plan::Plan;
use crate::record::sample;

/// Returns the chaincode's Pod by these rules, as JSON.
fn pod(rules: &str) -> Value {
    pod_of(rules, |_| ())
}

/// Returns its Pod after this change of the container.
fn pod_of(rules: &str, change: impl Fn(&mut Container)) -> Value {
    let mut record = sample::chaincode();
    change(&mut record.container);
    let (launch, config) = (sample::launch(&record), config());
    let plan = Plan::of(&launch, &Rules::parse(rules).unwrap(), config.default_uid);
    let pod = crate::pod::build(&launch, &plan, &config, AgentBy::Mount);
    serde_json::to_value(pod).unwrap()
}

/// Returns a variable of the program, and how often it occurs.
fn variable<'a>(pod: &'a Value, name: &str) -> (&'a Value, usize) {
    let env = pod["spec"]["containers"][0]["env"].as_array().unwrap();
    let mut found = env.iter().filter(|variable| variable["name"] == name);
    let first = found.next().unwrap_or(&Value::Null);
    (first, 1 + found.count())
}

#[test]
fn what_the_operator_says_counts_more_than_what_the_client_says() {
    let pod = pod(
        "pods: [{name: a, env: {CORE_PEER_LOCALMSPID: '$X', NEW: {fieldRef: {fieldPath: spec.nodeName}}}, \
         resources: {limits: {memory: 1Gi}, requests: {cpu: 2}}}]",
    );
    assert_eq!(
        variable(&pod, "CORE_PEER_LOCALMSPID"),
        (&json!({"name": "CORE_PEER_LOCALMSPID", "value": "$$X"}), 1)
    );
    assert_eq!(
        variable(&pod, "NEW").0["valueFrom"]["fieldRef"]["fieldPath"],
        "spec.nodeName"
    );
    let resources = &pod["spec"]["containers"][0]["resources"];
    assert_eq!(
        *resources,
        json!({"limits": {"memory": "1Gi"}, "requests": {"cpu": "2", "memory": "33554432"}})
    );
}

#[test]
fn certificates_are_mounted_and_announced_where_nobody_has_said_otherwise() {
    let pod = pod(
        "pods: [{name: a, caBundle: {configMap: corporate, key: ca-bundle.crt}, env: {PIP_CERT: /own}, \
         files: {/root/.npmrc: {secret: npm, key: npmrc}}}]",
    );
    let value = |name: &str| variable(&pod, name).0["value"].clone();
    for name in [
        "SSL_CERT_FILE",
        "NODE_EXTRA_CA_CERTS",
        "GIT_SSL_CAINFO",
        "CURL_CA_BUNDLE",
        "REQUESTS_CA_BUNDLE",
    ] {
        assert_eq!(value(name), "/.chainpod-ca/ca.crt");
    }
    assert_eq!(value("PIP_CERT"), "/own");
    assert_eq!(
        value("JAVA_TOOL_OPTIONS"),
        "-Djavax.net.ssl.trustStore=/.chainpod-home/.truststore.jks"
    );
    let all = |key: &str| pod["spec"][key].as_array().unwrap().clone();
    let of = |name: &str, list: Vec<Value>| list.into_iter().find(|entry| entry["name"] == name).unwrap();
    assert_eq!(
        of("ca-bundle", all("volumes"))["configMap"],
        json!({"name": "corporate", "items": [{"key": "ca-bundle.crt", "path": "ca-bundle.crt"}]})
    );
    assert_eq!(of("file-0", all("volumes"))["secret"]["secretName"], "npm");
    let mounts = pod["spec"]["containers"][0]["volumeMounts"].as_array().unwrap();
    assert_eq!(
        of("file-0", mounts.clone()),
        json!({"name": "file-0", "mountPath": "/root/.npmrc", "subPath": "npmrc", "readOnly": true})
    );
}

#[test]
fn where_and_how_it_runs_is_the_operators_word() {
    let pod = pod(
        "pods: [{name: a, nodeSelector: {kubernetes.io/arch: arm64}, tolerations: [{key: arch, operator: Exists}], \
         affinity: {nodeAffinity: {}}, runtimeClassName: gvisor, imagePullSecrets: [one, two], \
         priorityClassName: high, serviceAccountName: chaincode, \
         labels: {team: a, chainpod.dev/peer: other}, annotations: {sidecar.istio.io/inject: true, note: 7}}]",
    );
    let spec = &pod["spec"];
    for (key, expected) in [
        ("nodeSelector", json!({"kubernetes.io/arch": "arm64"})),
        ("tolerations", json!([{"key": "arch", "operator": "Exists"}])),
        ("affinity", json!({"nodeAffinity": {}})),
        ("runtimeClassName", json!("gvisor")),
        ("imagePullSecrets", json!([{"name": "one"}, {"name": "two"}])),
        ("priorityClassName", json!("high")),
        ("serviceAccountName", json!("chaincode")),
    ] {
        assert_eq!(spec[key], expected, "{key}");
    }
    let meta = &pod["metadata"];
    assert_eq!(meta["labels"]["team"], "a");
    assert_eq!(
        meta["labels"]["chainpod.dev/peer"], "peer0.org1",
        "our own labels stay"
    );
    assert_eq!(meta["annotations"]["sidecar.istio.io/inject"], "true");
    assert_eq!(meta["annotations"]["chainpod.dev/start"], "2");
}

#[test]
fn a_template_is_merged_as_kubectl_does_it() {
    let pod = pod(
        "pods: [{name: a, template: {metadata: {labels: {x: y}}, spec: {hostname: h, \
         containers: [{name: chaincode, env: [{name: CORE_PEER_LOCALMSPID, value: other}], \
         volumeMounts: [{mountPath: /data, name: data}]}, {name: sidecar, image: s}], \
         volumes: [{name: data, emptyDir: {}}], restartPolicy: Always}}}]",
    );
    let containers = pod["spec"]["containers"].as_array().unwrap();
    assert_eq!(containers.len(), 2);
    assert_eq!(containers[1]["name"], "sidecar");
    assert_eq!(variable(&pod, "CORE_PEER_LOCALMSPID").0["value"], "other");
    assert_eq!(variable(&pod, "CORE_PEER_LOCALMSPID").1, 1);
    assert_eq!(containers[0]["command"], json!(["/.chainpod/chainpod-agent"]));
    assert!(pod["spec"]["volumes"].as_array().unwrap().len() > 3);
    assert_eq!(pod["spec"]["hostname"], "h");
    assert_eq!(pod["metadata"]["labels"]["x"], "y");
    assert_eq!(
        pod["spec"]["restartPolicy"], "Never",
        "a peer refuses what it did not launch"
    );
}

/// Reads a file of `examples/rules`.
macro_rules! example {
    ($name:literal) => {
        include_str!(concat!("../../../../examples/rules/", $name))
    };
}

/// Makes a container one that compiles in this image.
fn builds_in(image: &str) -> impl Fn(&mut Container) {
    move |container| {
        container.role = Role::Build;
        image.clone_into(&mut container.image.reference);
        container.image.overlay = None;
    }
}

#[test]
fn behind_a_mirror_builds_have_proxy_certificates_and_settings() {
    let build = pod_of(
        example!("private-mirror.yaml"),
        builds_in("mirror.example/hyperledger/fabric-javaenv:2.5"),
    );
    for (name, value) in [
        ("HTTPS_PROXY", "http://proxy.example:3128"),
        ("GOPROXY", "https://mirror.example/go"),
        ("SSL_CERT_FILE", "/.chainpod-ca/ca.crt"),
    ] {
        assert_eq!(variable(&build, name).0["value"], value, "{name}");
    }
    let mounts = build["spec"]["containers"][0]["volumeMounts"].as_array().unwrap();
    assert!(
        mounts
            .iter()
            .any(|mount| mount["mountPath"] == "/root/.m2/settings.xml")
    );
    assert_eq!(build["spec"]["imagePullSecrets"], json!([{"name": "mirror"}]));
    let chaincode = pod(example!("private-mirror.yaml"));
    assert_eq!(variable(&chaincode, "HTTPS_PROXY").0, &Value::Null);
    assert_eq!(
        variable(&chaincode, "NODE_EXTRA_CA_CERTS").0["value"],
        "/.chainpod-ca/ca.crt"
    );
}

#[test]
fn of_two_architectures_go_has_one_and_builds_their_own_nodes() {
    let rules = example!("two-architectures.yaml");
    let amd64 = json!({"kubernetes.io/arch": "amd64"});
    let prefers = |pod: &Value| {
        let node =
            &pod["spec"]["affinity"]["nodeAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"];
        node[0]["preference"]["matchExpressions"][0]["values"][0].clone()
    };
    let go = pod_of(rules, builds_in("hyperledger/fabric-ccenv:2.5"));
    assert_eq!(
        (&go["spec"]["nodeSelector"], prefers(&go)),
        (&amd64, json!("builds"))
    );
    assert_eq!(go["spec"]["tolerations"][0]["key"], "pool");
    let java = pod_of(rules, builds_in("hyperledger/fabric-javaenv:2.5"));
    assert_eq!(
        (&java["spec"]["nodeSelector"], prefers(&java)),
        (&Value::Null, json!("builds"))
    );
    let go = pod(rules);
    assert_eq!((&go["spec"]["nodeSelector"], prefers(&go)), (&amd64, Value::Null));
    let node = pod_of(rules, |container| {
        "hyperledger/fabric-nodeenv:2.5".clone_into(&mut container.image.reference);
    });
    assert_eq!(
        (&node["spec"]["nodeSelector"], prefers(&node)),
        (&Value::Null, json!("arm64"))
    );
    assert_eq!(node["spec"]["tolerations"][0]["value"], "arm64");
}

#[test]
fn one_chaincode_is_big_and_the_rest_small() {
    let limits = |pod: Value| pod["spec"]["containers"][0]["resources"]["limits"].clone();
    let rules = example!("limits.yaml");
    let named = |label: &str| {
        let id = format!("CORE_CHAINCODE_ID_NAME={label}:abab");
        move |container: &mut Container| {
            container.spec.memory_bytes = 2 << 30;
            container.spec.env = vec![id.clone()];
        }
    };
    for (label, memory, cpu) in [
        ("ledger", "4Gi", "2"),
        ("ledger_2", "4Gi", "2"),
        ("ledgers", "256Mi", "500m"),
    ] {
        let limits = limits(pod_of(rules, named(label)));
        assert_eq!(limits, json!({"memory": memory, "cpu": cpu}), "{label}");
    }
    let build = pod_of(rules, builds_in("hyperledger/fabric-ccenv:2.5"));
    assert_eq!(limits(build), json!({"memory": "3Gi", "cpu": "2"}));
}
