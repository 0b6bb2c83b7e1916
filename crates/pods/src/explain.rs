//! Where each field of a container's Pods comes from, for `chainpod explain`.

use std::collections::BTreeMap;

use engine::container::{Container, Spec};
use engine::process::Process;
use rules::{Origin, Rules};
use serde::Serialize;
use serde_json::Value;

use crate::pod::{self, dns, resources};
use crate::ruled::choice;

/// What the create request says.
const CLIENT: &str = "client";
/// What the Dockerfile says from which the image was built.
const IMAGE: &str = "image";
/// What chainpod does where nobody says anything.
const DEFAULT: &str = "default";

/// Rows by field; a later one takes an earlier one's place.
#[derive(Default)]
struct Rows(BTreeMap<String, (String, String)>);

impl Rows {
    fn say(&mut self, by: &str, field: impl Into<String>, value: impl Into<String>) {
        self.0.insert(field.into(), (value.into(), by.to_owned()));
    }

    fn say_json(&mut self, by: &str, field: &str, value: Option<impl Serialize>) {
        // Invariant: Kubernetes' types can be written.
        let value = value.map(|value| serde_json::to_value(value).unwrap_or_default());
        if let Some(value) = value {
            self.say(by, field, plain(&value));
        }
    }
}

/// What the next Pod of `container` has by `rules`, by field, and who says each: a rule by its name, else
/// `client`, `image` or `default`. `default_uid` runs what names no user.
#[must_use]
pub fn explain(rules: &Rules, container: &Container, default_uid: i64) -> Vec<Origin> {
    let choice = choice(rules, container);
    let mut rows = Rows::default();
    let bundle = choice.origins.iter().find(|origin| origin.field == "caBundle");
    for (name, value) in pod::announced(container.needs_agent()) {
        if let Some(bundle) = bundle {
            rows.say(&bundle.rule, format!("env.{name}"), value);
        }
    }
    of_container(container, default_uid, &mut rows);
    for origin in rules.image_origins(&container.image.reference) {
        rows.say(&origin.rule, origin.field, origin.value);
    }
    if let Err(refusal) = rules.image(&container.image.reference) {
        rows.say("allowedImages", "image", refusal.to_string());
    }
    for origin in &choice.origins {
        let value: Value = serde_json::from_str(&origin.value).unwrap_or_default();
        rows.say(&origin.rule, origin.field.clone(), plain(&value));
    }
    let rows = rows.0.into_iter();
    rows.map(|(field, (value, rule))| Origin { field, value, rule })
        .collect()
}

/// What is so without rules.
fn of_container(container: &Container, default_uid: i64, rows: &mut Rows) {
    let spec = &container.spec;
    let by = |said: bool, below| if said { CLIENT } else { below };
    let below = if container.image.overlay.is_some() {
        IMAGE
    } else {
        CLIENT
    };
    rows.say(below, "image", container.image.reference.clone());
    let (policy, by_whom) = match container.image.always_pull {
        true => ("Always", CLIENT),
        false => (pod::PULL_POLICY, DEFAULT),
    };
    rows.say(by_whom, "imagePullPolicy", policy);
    rows.say(DEFAULT, "runAsUser", default_uid.to_string());
    of_process(container, rows);
    rows.say_json(CLIENT, "dnsConfig", dns::config(&spec.names));
    rows.say_json(CLIENT, "hostAliases", dns::aliases(&spec.names));
    let (asked, least) = (resources::of(spec), resources::of(&Spec::default()));
    for (kind, asked, least) in [
        ("limits", asked.limits, least.limits),
        ("requests", asked.requests, least.requests),
    ] {
        for (name, quantity) in asked.unwrap_or_default() {
            let is_default = least.as_ref().and_then(|least| least.get(&name)) == Some(&quantity);
            rows.say(
                by(!is_default, DEFAULT),
                format!("resources.{kind}.{name}"),
                quantity.0,
            );
        }
    }
}

/// What the program is told.
fn of_process(container: &Container, rows: &mut Rows) {
    let (spec, process) = (&container.spec, Process::of(container));
    let by = |said: bool| if said { CLIENT } else { IMAGE };
    if !process.argv.is_empty() {
        let said = spec.entrypoint.is_some() || spec.cmd.is_some();
        rows.say_json(by(said), "command", Some(&process.argv));
    }
    if !process.working_dir.is_empty() {
        rows.say(
            by(!spec.working_dir.is_empty()),
            "workingDir",
            process.working_dir,
        );
    }
    let uid = process.user.split(':').next().unwrap_or_default();
    if uid.parse::<i64>().is_ok() {
        rows.say(by(!spec.user.is_empty()), "runAsUser", uid);
    }
    for (name, value) in process.env {
        let prefix = format!("{name}=");
        let said = spec.env.iter().any(|entry| entry.starts_with(&prefix));
        rows.say(by(said), format!("env.{name}"), value);
    }
}

/// A text as it is, all else as JSON.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::sample;

    #[test]
    fn each_field_says_who_gave_it() {
        let mut container = sample::chaincode().container;
        container.spec.memory_bytes = 2 << 30;
        container.spec.env.push("HTTPS_PROXY=http://own".to_owned());
        let overlay = container.image.overlay.as_mut().unwrap();
        overlay.env = vec!["CORE_CHAINCODE_BUILDLEVEL=2.5".to_owned()];
        let rules = "images:\n\
            - {match: 'docker.io/library/*', rewrite: 'mirror.example/library/*'}\n\
            - {match: 'docker.io/*', rewrite: 'mirror.example/*'}\n\
            pods:\n\
            - {name: other, match: {chaincode: other}, runAsUser: 7}\n\
            - {name: small, match: {chaincode: kv}, resources: {limits: {memory: 256Mi}}}\n\
            - {name: all, env: {HTTPS_PROXY: 'http://proxy', PIP_CERT: /own}, nodeSelector: {disk: ssd}, \
               caBundle: {configMap: corporate, key: ca.crt}, imagePullSecrets: [mirror]}\n";
        let rows = explain(&Rules::parse(rules).unwrap(), &container, 500);
        let row = |field: &str| {
            let found = rows.iter().find(|row| row.field == field);
            let found = found.unwrap_or_else(|| panic!("{field}: {rows:#?}"));
            (found.value.as_str(), found.rule.as_str())
        };
        for (field, value, by) in [
            ("caBundle", r#"{"configMap":"corporate","key":"ca.crt"}"#, "all"),
            (
                "command",
                r#"["chaincode","-peer.address=peer0:7052","$(HOME) $$"]"#,
                "client",
            ),
            ("env.CORE_CHAINCODE_BUILDLEVEL", "2.5", "image"),
            ("env.CORE_PEER_LOCALMSPID", "Org1MSP", "client"),
            ("env.HTTPS_PROXY", "http://proxy", "all"),
            ("env.NODE_EXTRA_CA_CERTS", "/.chainpod-ca/ca.crt", "all"),
            ("env.PIP_CERT", "/own", "all"),
            (
                "image",
                "mirror.example/hyperledger/fabric-baseos:2.5",
                "images[1]",
            ),
            ("imagePullPolicy", "IfNotPresent", "default"),
            ("entrypoint", "[]", "built-in"),
            ("imagePullSecrets", r#"["mirror"]"#, "all"),
            ("nodeSelector.disk", "ssd", "all"),
            ("resources.limits.memory", "256Mi", "small"),
            ("resources.requests.cpu", "10000000n", "default"),
            ("runAsUser", "500", "default"),
        ] {
            assert_eq!(row(field), (value, by), "{field}");
        }
        let bare = explain(&Rules::default(), &container, 500);
        let limit = bare.iter().find(|row| row.field == "resources.limits.memory");
        assert_eq!(
            limit.map(|row| (row.value.as_str(), row.rule.as_str())),
            Some(("2147483648", "client"))
        );
    }
}
