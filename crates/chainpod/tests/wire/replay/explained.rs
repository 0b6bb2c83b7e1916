//! The Pods of recorded peers, by chainpod's own rules and by each example of a rules file: `chainpod explain`
//! has all their fields, with their values and origins.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::container::Record;
use engine::token::TokenKey;
use pods::{AgentVolume, Config};
use rules::Rules;
use serde_json::{Map, Value, json};

use super::player::Player;
use super::{RECORDINGS, read};

/// The fields that identify a Pod and say nothing about it.
const IDENTITY: [&str; 3] = ["name", "namespace", "ownerReferences"];
/// Origins that are not rules.
const NO_RULES: [&str; 3] = ["client", "image", "default"];

#[tokio::test]
async fn every_field_of_a_recorded_peers_pod_is_explained() {
    let mut pods = 0;
    for name in RECORDINGS {
        let recording = read(name);
        let mut player = Player::new(&recording).await;
        player.play().await;
        for record in player.launches() {
            for (file, rules) in rule_files() {
                let place = format!("{name}, {}, {file}", record.container.name);
                compare(&place, &rules, &record);
                pods += 1;
            }
        }
    }
    assert!(pods > 4 * RECORDINGS.len(), "{pods}");
}

#[tokio::test]
async fn what_a_client_can_say_of_a_pod_is_explained() {
    let recording = read("fabric-2.5.9");
    let mut player = Player::new(&recording).await;
    player.play().await;
    for mut record in player.launches() {
        let said = json!({
            "user": "root", "hostname": "kv", "tty": true, "readOnlyRoot": true, "workingDir": "/w",
            "ports": [{"number": 80, "protocol": "tcp"}], "memoryBytes": 1 << 24, "nanoCpus": 5, "cpuShares": 2,
            "labels": {"a b": "c"},
            "names": {"servers": ["10.0.0.53"], "searches": ["x.example"], "options": ["ndots:2"],
                      "hosts": [["10.0.0.1", "orderer"]]},
        });
        let mut spec = serde_json::to_value(&record.container.spec).unwrap();
        spec.as_object_mut()
            .unwrap()
            .extend(said.as_object().unwrap().clone());
        record.container.spec = serde_json::from_value(spec).unwrap();
        compare("all fields", &Rules::default(), &record);
        let rows = pods::explain(&Rules::default(), &record);
        for field in ["hostname", "tty", "ports", "readOnlyRootFilesystem", "dnsConfig"] {
            let row = rows.iter().find(|row| row.field == field);
            assert_eq!(row.map(|row| row.rule.as_str()), Some("client"), "{field}");
        }
    }
}

/// Checks that the record's next Pod and the explanation have the same fields.
fn compare(place: &str, rules: &Rules, record: &Record) {
    let pod = serde_json::to_value(pods::preview(rules, record, &config())).unwrap();
    let rows = pods::explain(rules, record);
    let mut rows: BTreeMap<_, _> = rows
        .into_iter()
        .map(|row| (row.field, (row.value, row.rule)))
        .collect();
    for (field, value) in fields(&pod, record.container.role.name()) {
        let (said, by) = rows
            .remove(&field)
            .unwrap_or_else(|| panic!("{place}: {field} {value} is not explained"));
        assert_eq!(said, value, "{place}: {field}");
        let is_rule = rules.pods.iter().any(|rule| rule.name == by) || by.starts_with("images[");
        assert!(
            NO_RULES.contains(&by.as_str()) || is_rule,
            "{place}: {field} by {by}"
        );
    }
    for (field, (value, _)) in rows {
        let is_of_mounts = ["mounts.", "files."].iter().any(|kind| field.starts_with(kind));
        let is_input = ["agent", "caBundle", "entrypoint"].contains(&field.as_str());
        assert!(
            is_of_mounts || is_input,
            "{place}: the Pod has no {field} {value}"
        );
        if is_of_mounts {
            assert!(
                is_mounted(&pod, field.split_once('.').unwrap().1),
                "{place}: {field}"
            );
        }
    }
}

/// Returns the Pod's fields under the names of [`pods::explain`].
fn fields(pod: &Value, role: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (key, value) in object(&pod["metadata"]) {
        match key.as_str() {
            "labels" | "annotations" => all.extend(entries(key, value)),
            key => assert!(IDENTITY.contains(&key), "metadata.{key}"),
        }
    }
    for (key, value) in object(&pod["spec"]) {
        match key.as_str() {
            "nodeSelector" => all.extend(entries(key, value)),
            "imagePullSecrets" => {
                let names: Vec<_> = value
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|secret| &secret["name"])
                    .collect();
                all.push((key.clone(), json!(names).to_string()));
            }
            // Each mount of a volume is checked with the program's container. The others bring the agent.
            "volumes" | "initContainers" => {}
            "containers" => {
                let own = value
                    .as_array()
                    .unwrap()
                    .iter()
                    .find(|container| container["name"] == role);
                all.extend(of_container(own.unwrap()));
            }
            _ => all.push((key.clone(), plain(value))),
        }
    }
    all
}

fn of_container(container: &Value) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let agent = json!([format!(
        "{}/{}",
        agent_protocol::AGENT_DIR,
        agent_protocol::AGENT_FILE
    )]);
    for (key, value) in object(container) {
        match key.as_str() {
            "name" | "volumeMounts" => {}
            "command" if *value == agent => all.push(("agent".to_owned(), "true".to_owned())),
            "command" | "args" => all.push(("command".to_owned(), unescaped(&plain(value)))),
            "env" => all.extend(value.as_array().unwrap().iter().map(|variable| {
                let value = variable.get("value").unwrap_or(&variable["valueFrom"]);
                (
                    format!("env.{}", variable["name"].as_str().unwrap()),
                    unescaped(&plain(value)),
                )
            })),
            "resources" => {
                for (kind, quantities) in object(value) {
                    all.extend(entries(&format!("resources.{kind}"), quantities));
                }
            }
            "ports" => {
                let port = |port: &Value| {
                    format!(
                        "{}/{}",
                        port["containerPort"],
                        port["protocol"].as_str().unwrap().to_lowercase()
                    )
                };
                let ports: Vec<_> = value.as_array().unwrap().iter().map(port).collect();
                all.push((key.clone(), json!(ports).to_string()));
            }
            "securityContext" => {
                for (key, value) in object(value) {
                    match value {
                        Value::Object(parts) => all.extend(entries(key, &Value::Object(parts.clone()))),
                        value => all.push((key.clone(), plain(value))),
                    }
                }
            }
            _ => all.push((key.clone(), plain(value))),
        }
    }
    all
}

/// Returns true if the program's container has a volume there, or in the directory of a file there.
fn is_mounted(pod: &Value, path: &str) -> bool {
    let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
    let containers = pod["spec"]["containers"].as_array().unwrap().iter();
    let mut mounts =
        containers.flat_map(|container| container["volumeMounts"].as_array().into_iter().flatten());
    mounts.any(|mount| mount["mountPath"] == path || mount["mountPath"] == directory)
}

fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().unwrap()
}

fn entries(field: &str, values: &Value) -> Vec<(String, String)> {
    let entries = object(values).iter();
    entries
        .map(|(key, value)| (format!("{field}.{key}"), plain(value)))
        .collect()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Returns a text without the escapes that keep Kubernetes from expanding it. Docker expands nothing.
fn unescaped(text: &str) -> String {
    text.replace("$$", "$")
}

/// Returns chainpod's own rules, and the examples.
fn rule_files() -> Vec<(String, Rules)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/rules");
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let files = files.map(|file| {
        let text = std::fs::read_to_string(&file).unwrap();
        (file.display().to_string(), Rules::parse(&text).unwrap())
    });
    files.chain([("built-in".to_owned(), Rules::default())]).collect()
}

fn config() -> Config {
    Config {
        namespace: "fabric".to_owned(),
        instance: "wire".to_owned(),
        agent_image: "chainpod:0.1".to_owned(),
        agent_ca_pem: "PEM".to_owned(),
        token_key: TokenKey::new([1; engine::token::KEY_BYTES]),
        agent_volume: AgentVolume::Auto,
        default_uid: Config::FABRIC_UID,
        rules: Arc::new(rules::Source::built_in()),
    }
}
