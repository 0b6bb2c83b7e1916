//! Files of rules as operators write them, and the choices that they make.

mod documents;
mod schema;

use std::collections::BTreeMap;

use engine::container::Role;

use super::*;

const FILE: &str = r#"
pods:
- name: big
  match: {chaincode: "big*", role: chaincode}
  resources: {limits: {memory: 4Gi}}
- name: proxy
  match:
    role: build
    image: [docker.io/hyperledger/fabric-ccenv:*, "*/fabric-nodeenv:*"]
  env:
    HTTPS_PROXY: http://proxy:3128
    DEBUG: 1
    TOKEN: {secretKeyRef: {name: npm, key: token}}
  caBundle: {configMap: corporate, key: ca.crt}
- name: all
  env: {DEBUG: 2, MORE: "yes"}
  resources: {limits: {memory: 256Mi, cpu: 2}}
  tolerations: [{key: arch, operator: Exists}]
"#;

fn subject<'a>(role: Role, image: &'a str, chaincode: &'a str) -> Subject<'a> {
    static NONE: BTreeMap<String, String> = BTreeMap::new();
    Subject {
        role,
        image,
        chaincode: Some(chaincode),
        msp: None,
        peer: None,
        labels: &NONE,
    }
}

fn origins(choice: &Choice) -> Vec<(&str, &str, &str)> {
    let rows = choice.origins.iter();
    rows.map(|row| (row.field.as_str(), row.value.as_str(), row.rule.as_str()))
        .collect()
}

#[test]
fn the_first_match_wins_for_each_field() {
    let rules = Rules::parse(FILE).unwrap();
    let big = rules.choose(&subject(
        Role::Chaincode,
        "hyperledger/fabric-baseos:2.5",
        "bigger",
    ));
    assert_eq!(
        origins(&big),
        [
            ("env.DEBUG", "\"2\"", "all"),
            ("env.MORE", "\"yes\"", "all"),
            ("resources.limits.cpu", "\"2\"", "all"),
            ("resources.limits.memory", "\"4Gi\"", "big"),
            ("tolerations", r#"[{"key":"arch","operator":"Exists"}]"#, "all"),
        ]
    );
    let build = rules.choose(&subject(Role::Build, "hyperledger/fabric-ccenv:2.5", "big"));
    assert_eq!(build.fields.env["DEBUG"], EnvValue::Text(Text("1".to_owned())));
    assert_eq!(build.fields.resources.limits["memory"].0, "256Mi");
    assert_eq!(build.fields.ca_bundle.unwrap().config_map.unwrap(), "corporate");
    let EnvValue::From(token) = &build.fields.env["TOKEN"] else {
        panic!("{:?}", build.fields.env);
    };
    assert_eq!(token.secret_key_ref.as_ref().unwrap().key, "token");
}

#[test]
fn all_conditions_of_a_rule_must_hold() {
    let text =
        "pods: [{name: one, match: {peer: 'peer0.*', msp: Org1MSP, labels: {tier: [a, b]}}, runAsUser: 7}]";
    let rules = Rules::parse(text).unwrap();
    let labels = |tier: &str| BTreeMap::from([("tier".to_owned(), tier.to_owned())]);
    for (peer, msp, tier, holds) in [
        (Some("peer0.org1"), Some("Org1MSP"), "b", true),
        (Some("peer0.org1"), Some("Org1MSP"), "c", false),
        (Some("peer0.org1"), None, "a", false),
        (Some("peer1.org1"), Some("Org1MSP"), "a", false),
        (None, Some("Org1MSP"), "a", false),
    ] {
        let labels = labels(tier);
        let subject = Subject {
            peer,
            msp,
            labels: &labels,
            ..subject(Role::Chaincode, "x", "y")
        };
        let user = rules.choose(&subject).fields.run_as_user;
        assert_eq!(user, holds.then_some(7), "{subject:?}");
    }
}

#[test]
fn a_builds_chaincode_and_peer_have_no_case() {
    let rules =
        Rules::parse("pods: [{name: a, match: {chaincode: 'KV_*', peer: Peer0}, runAsUser: 7}]").unwrap();
    for (role, chaincode, user) in [
        (Role::Build, "kv_1", Some(7)),
        (Role::Chaincode, "kv_1", None),
        (Role::Chaincode, "KV_1", None),
    ] {
        let subject = Subject {
            peer: Some("peer0"),
            ..subject(role, "x", chaincode)
        };
        assert_eq!(
            rules.choose(&subject).fields.run_as_user,
            user,
            "{role:?} {chaincode}"
        );
    }
}

#[test]
fn chainpods_own_rules_come_last() {
    let javaenv = subject(Role::Build, "mirror.example/hyperledger/fabric-javaenv:2.5", "x");
    let own = Rules::default().choose(&javaenv);
    assert_eq!(origins(&own), [("runAsUser", "0", "built-in:javaenv")]);
    let rules = Rules::parse("pods: [{name: mine, runAsUser: 500}]").unwrap();
    assert_eq!(origins(&rules.choose(&javaenv)), [("runAsUser", "500", "mine")]);
    assert_eq!(Rules::parse("").unwrap(), Rules::default());
}

#[test]
fn all_that_is_wrong_is_told_by_its_key() {
    let file = r#"
pod: []
pods:
- match: {image: 7}
  runAsUser: root
- name: two
  match: {chaincod: x}
  tolerations: [{key: a, efect: NoSchedule}]
  caBundle: {configMap: a, secret: b, key: c}
- name: two
  files: {relative: {secret: s, key: k}}
  template: {spec: {containers: [{name: build, imagePullPolice: Never}]}}
- name: three
  env: {A: {secretKeyRef: {name: n, ky: k}}}
- proxy
"#;
    let wrong = Rules::parse(file).unwrap_err();
    assert_eq!(
        wrong.0,
        [
            "pod: unknown key; the keys are pods, images and allowedImages",
            "pods[0].name: a rule needs a name, which is a string",
            "pods[0].match.image: a pattern or a list of patterns is expected",
            "pods[0].runAsUser: invalid type: string \"root\", expected i64",
            "pods[1].match.chaincod: unknown key",
            "pods[1].caBundle: either configMap or secret is expected",
            "pods[2].template.spec.containers[0].imagePullPolice: unknown key",
            "pods[2].files.relative: an absolute path without colons is expected",
            "pods[3].env.A.secretKeyRef.ky: unknown key",
            "pods[4]: a rule is expected, with name, match and fields of Pods",
        ]
    );
    let wrong = Rules::parse("pods: [{name: a, match: {role: builder}}]").unwrap_err();
    assert_eq!(
        wrong.0,
        ["pods[0].match.role: unknown variant `builder`, expected `build` or `chaincode`"]
    );
    assert!(Rules::parse("pods: [").is_err());
}
