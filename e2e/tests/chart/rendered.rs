//! The rendered chart: golden files, values that its schema refuses, and checks that the chart asks for no
//! more than chainpod needs.

use std::fs;
use std::path::{Path, PathBuf};

use harness::{chart, lab};
use lab::helm::helm;
use serde_json::Value;

/// Values, and the file with what they render.
const GOLDEN: [(Option<&str>, &str); 5] = [
    (None, "deploy/chainpod.yaml"),
    (Some("tls"), "e2e/tests/chart/tls.yaml"),
    (Some("namespace"), "e2e/tests/chart/namespace.yaml"),
    (Some("trial"), "e2e/tests/chart/trial.yaml"),
    (Some("bucket"), "e2e/tests/chart/bucket.yaml"),
];
/// Writes the golden files anew.
const UPDATE: &str = "UPDATE_GOLDEN";
const HEADER: &str = "# helm template chainpod charts/chainpod --namespace default";

/// The kinds of all that is rendered.
const KINDS: [&str; 12] = [
    "Certificate",
    "ConfigMap",
    "Namespace",
    "NetworkPolicy",
    "PersistentVolumeClaim",
    "PodDisruptionBudget",
    "PodMonitor",
    "Role",
    "RoleBinding",
    "Service",
    "ServiceAccount",
    "StatefulSet",
];
/// Keys and values that the rendered chart never contains.
const NEVER: [&str; 8] = [
    "hostPath",
    "hostNetwork",
    "hostPID",
    "hostIPC",
    "hostPort",
    "privileged",
    "add",
    "*",
];

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn values(name: &str) -> String {
    let file = chart().join(format!("ci/{name}-values.yaml"));
    format!("--values={}", file.display())
}

/// Returns the output of `helm template` with these arguments.
fn rendered(more: &[&str]) -> Result<String, String> {
    let path = chart().display().to_string();
    let template = ["template", "chainpod", &path, "--namespace=default"];
    helm(&[&template[..], more].concat()).map_err(|error| format!("{error:#}"))
}

fn documents(values: Option<&str>) -> Vec<Value> {
    let more: Vec<_> = values.map(self::values).into_iter().collect();
    let more: Vec<_> = more.iter().map(String::as_str).collect();
    let text = rendered(&more).unwrap();
    let texts = text.split("\n---\n").filter(|text| !text.trim().is_empty());
    texts
        .map(|text| serde_saphyr::from_str(text.trim_start_matches("---\n")).unwrap())
        .collect()
}

/// chainpod's Role, as the chart has it.
pub(crate) fn role() -> Value {
    let text = fs::read_to_string(chart().join("files/role.yaml")).unwrap();
    serde_saphyr::from_str(&text).unwrap()
}

/// The Role for the Lease of that installation, as the chart has it.
pub(crate) fn lease_role(instance: &str) -> Value {
    let text = fs::read_to_string(chart().join("files/lease-role.yaml")).unwrap();
    serde_saphyr::from_str(&text.replace("INSTANCE", instance)).unwrap()
}

#[test]
fn what_is_rendered_is_as_committed() {
    for (values, golden) in GOLDEN {
        let file = values.map(|name| format!(" --values charts/chainpod/ci/{name}-values.yaml"));
        let header = format!("{HEADER}{}\n", file.unwrap_or_default());
        let more: Vec<_> = values.map(self::values).into_iter().collect();
        let text = header + &rendered(&more.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
        let golden = repository(golden);
        if std::env::var_os(UPDATE).is_some() {
            fs::write(&golden, &text).unwrap();
        }
        let committed = fs::read_to_string(&golden).unwrap_or_default();
        let first = text.lines().zip(committed.lines()).find(|(new, old)| new != old);
        assert!(
            text == committed,
            "{} is not what the chart renders, from {first:?} on: run with {UPDATE}=1 and look at the difference",
            golden.display()
        );
    }
}

#[test]
fn helm_finds_nothing_wrong() {
    let path = chart().display().to_string();
    for (values, _) in GOLDEN {
        let mut arguments = vec!["lint".to_owned(), "--strict".to_owned(), path.clone()];
        arguments.extend(values.map(self::values));
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let told = helm(&arguments).unwrap();
        assert!(told.contains("0 chart(s) failed"), "{told}");
    }
}

#[test]
fn what_is_wrong_is_refused_by_name() {
    for (set, said) in [
        ("replicas=2", "/replicas"),
        ("replica=1", "'replica' not allowed"),
        ("docker.service.port=1", "'port' not allowed"),
        ("docker.service.name=Docker", "/docker/service/name"),
        ("store.type=nfs", "/store/type"),
        ("store.type=s3", "needs store.s3.bucket"),
        ("store.s3.endpoint=minio:9000", "/store/s3/endpoint"),
        ("store.pvc.size=many", "/store/pvc/size"),
        ("agents.volume=csi", "/agents/volume"),
        ("image.digest=latest", "/image/digest"),
        ("unschedulableLimit=soon", "/unschedulableLimit"),
        ("docker.tls.enabled=true", "set docker.tls.secretName to a Secret"),
        (
            "docker.tls.certManager.duration=90d",
            "/docker/tls/certManager/duration",
        ),
        (
            "docker.tls.selfMade=true,docker.tls.secretName=a",
            "unset docker.tls.secretName",
        ),
        ("chaincode.createNamespace=true", "needs chaincode.namespace"),
    ] {
        let told = rendered(&["--set", set]).unwrap_err();
        assert!(told.contains(said), "{set}: {told}");
    }
}

#[test]
fn every_value_is_described() {
    let text = fs::read_to_string(chart().join("values.schema.json")).unwrap();
    let mut described = 0;
    look(&serde_json::from_str(&text).unwrap(), "", &mut described);
    assert!(described > 60, "{described}");
}

fn look(schema: &Value, path: &str, described: &mut usize) {
    for (name, value) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        assert!(value["description"].is_string(), "{path} has no description");
        assert!(
            value["properties"].is_null() || value["additionalProperties"] == false,
            "{path} takes anything"
        );
        *described += 1;
        look(value, &path, described);
    }
}

/// Every setting that the chart sets is in the table of settings.
#[test]
fn every_setting_is_one_of_chainpods() {
    let table = fs::read_to_string(chart().join("../../docs/configuration.md")).unwrap();
    let mut set = 0;
    for (values, _) in GOLDEN {
        for document in documents(values) {
            let containers = document["spec"]["template"]["spec"]["containers"].as_array();
            let variables = containers
                .into_iter()
                .flatten()
                .flat_map(|container| container["env"].as_array());
            for name in variables
                .flatten()
                .filter_map(|variable| variable["name"].as_str())
            {
                if let Some(setting) = name.strip_prefix("CHAINPOD_") {
                    let setting = setting.to_lowercase().replace('_', "-");
                    assert!(table.contains(&format!("| `{setting}` |")), "{name}");
                    set += 1;
                }
            }
        }
    }
    assert!(set > 30, "{set}");
}

/// A Deployment would start the next Pod while the one before still ends.
#[test]
fn one_pod_is_replaced_when_it_has_ended() {
    for (values, _) in GOLDEN {
        let all = documents(values);
        let of = |kind: &'static str| all.iter().filter(move |document| document["kind"] == kind);
        let [set] = of("StatefulSet").collect::<Vec<_>>()[..] else {
            panic!("{values:?} renders more or less than one StatefulSet");
        };
        let spec = &set["spec"];
        assert_eq!(spec["replicas"], 1);
        assert_eq!(spec["podManagementPolicy"], "Parallel");
        assert_eq!(spec["updateStrategy"]["type"], "RollingUpdate");
        // The claim is the release's, and not the StatefulSet's.
        assert_eq!(spec["volumeClaimTemplates"], Value::Null);
        let service = of("Service").find(|service| service["metadata"]["name"] == spec["serviceName"]);
        assert_eq!(service.unwrap()["spec"]["clusterIP"], "None");
        let container = &spec["template"]["spec"]["containers"][0];
        // It may wait for the Lease for any time.
        assert_eq!(container["startupProbe"], Value::Null);
    }
}

#[test]
fn long_names_are_cut() {
    let name = "a".repeat(53);
    let text = rendered(&[&format!("--set=fullnameOverride={name}")]).unwrap();
    let set = text
        .split("\n---\n")
        .find(|text| text.contains("kind: StatefulSet"));
    let set: Value = serde_saphyr::from_str(set.unwrap()).unwrap();
    assert_eq!(set["metadata"]["name"], "a".repeat(52));
    assert_eq!(set["spec"]["serviceName"], format!("{name}-headless"));
}

#[test]
fn nothing_asks_for_more_than_chainpod_needs() {
    for (values, _) in GOLDEN {
        for document in documents(values) {
            let kind = document["kind"].as_str().unwrap();
            assert!(KINDS.contains(&kind), "{kind}");
            if kind == "Role" {
                let roles = [role(), lease_role("chainpod")].map(|role| role["rules"].clone());
                assert!(roles.contains(&document["rules"]), "{document}");
            }
            if kind == "RoleBinding" {
                assert_eq!(document["roleRef"]["kind"], "Role");
            }
            has_none_of(&NEVER, &document);
        }
    }
}

/// The Role itself: of Secrets it makes new ones and reads its own.
#[test]
fn the_role_has_neither_exec_nor_other_secrets() {
    for rule in role()["rules"].as_array().unwrap() {
        let of = |resource: &str| {
            rule["resources"]
                .as_array()
                .unwrap()
                .iter()
                .any(|name| name == resource)
        };
        assert!(
            !of("pods/exec") && !of("pods/attach") && !of("pods/portforward"),
            "{rule}"
        );
        let own = serde_json::json!(["chainpod-credentials"]);
        if of("secrets") {
            let verbs = if rule["resourceNames"] == own {
                "get"
            } else {
                "create"
            };
            assert_eq!(rule["verbs"], serde_json::json!([verbs]));
        }
    }
}

fn has_none_of(never: &[&str], value: &Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                assert!(!never.contains(&name.as_str()), "{name}: {value}");
                has_none_of(never, value);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| has_none_of(never, value)),
        Value::String(text) => assert!(!never.contains(&text.as_str()), "{text}"),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
