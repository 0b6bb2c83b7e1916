//! What the operator's rules say, put into a Pod.

use std::collections::BTreeMap;

use agent_protocol::{CA_BUNDLE_FILE, TRUSTSTORE_FILE};
use k8s_openapi::DeepMerge;
use k8s_openapi::api::core::v1::{
    ConfigMapVolumeSource, Container, EnvVar, KeyToPath, LocalObjectReference, Pod, PodSpec,
    ResourceRequirements, SecretVolumeSource, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use rules::{EnvValue, KeyRef, PodFields, Text};

use super::{RESTART_POLICY, escaped, own_container, volumes};

/// The volume of the certificates.
const CA_BUNDLE: &str = "ca-bundle";
/// What announces the certificates: OpenSSL and Go, Node, git, curl, Python's requests, pip.
const CA_VARIABLES: [&str; 6] = [
    "SSL_CERT_FILE",
    "NODE_EXTRA_CA_CERTS",
    "GIT_SSL_CAINFO",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "PIP_CERT",
];
/// What each Java virtual machine reads.
const JAVA_OPTIONS: &str = "JAVA_TOOL_OPTIONS";
/// How our own labels and annotations begin: they tell what the Pod is.
const OWN: [&str; 2] = ["app.kubernetes.io/", "chainpod.dev/"];

/// `pod` with what the rules say; in one with an agent Java trusts the certificates, too.
pub(super) fn applied(mut pod: Pod, fields: &PodFields, has_agent: bool) -> Pod {
    let own = own_container(&pod).map(str::to_owned);
    let (labels, annotations) = (
        own_entries(&pod.metadata.labels),
        own_entries(&pod.metadata.annotations),
    );
    extend(&mut pod.metadata.labels, &fields.labels);
    extend(&mut pod.metadata.annotations, &fields.annotations);
    let spec = pod.spec.get_or_insert_default();
    of_pod(spec, fields);
    let (volumes, mounts) = files(fields);
    spec.volumes.get_or_insert_default().extend(volumes);
    let mut containers = spec.containers.iter_mut();
    if let Some(container) = containers.find(|container| Some(&container.name) == own.as_ref()) {
        container.volume_mounts.get_or_insert_default().extend(mounts);
        of_container(container, fields, has_agent);
    }
    if let Some(template) = &fields.template {
        pod.merge_from(Pod {
            metadata: template.metadata.clone().unwrap_or_default(),
            spec: template.spec.clone(),
            status: None,
        });
        // A peer refuses a process that it did not just launch.
        pod.spec.get_or_insert_default().restart_policy = Some(RESTART_POLICY.to_owned());
    }
    pod.metadata.labels.get_or_insert_default().extend(labels);
    pod.metadata
        .annotations
        .get_or_insert_default()
        .extend(annotations);
    pod
}

fn own_entries(entries: &Option<BTreeMap<String, String>>) -> BTreeMap<String, String> {
    let is_own = |name: &str| OWN.iter().any(|own| name.starts_with(own));
    let entries = entries.iter().flatten().filter(|(name, _)| is_own(name));
    entries
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn extend(entries: &mut Option<BTreeMap<String, String>>, said: &BTreeMap<String, Text>) {
    let said = said.iter().map(|(name, value)| (name.clone(), value.0.clone()));
    entries.get_or_insert_default().extend(said);
}

fn of_pod(spec: &mut PodSpec, fields: &PodFields) {
    if !fields.node_selector.is_empty() {
        extend(&mut spec.node_selector, &fields.node_selector);
    }
    let secret = |name: &String| LocalObjectReference { name: name.clone() };
    let secrets = fields.image_pull_secrets.as_ref();
    spec.image_pull_secrets = secrets.map(|names| names.iter().map(secret).collect());
    spec.tolerations.clone_from(&fields.tolerations);
    spec.affinity.clone_from(&fields.affinity);
    spec.runtime_class_name.clone_from(&fields.runtime_class_name);
    spec.priority_class_name.clone_from(&fields.priority_class_name);
    spec.service_account_name.clone_from(&fields.service_account_name);
}

fn of_container(container: &mut Container, fields: &PodFields, has_agent: bool) {
    let env = container.env.get_or_insert_default();
    for (name, value) in &fields.env {
        env.retain(|known| known.name != *name);
        env.push(variable(name, value));
    }
    if fields.ca_bundle.is_some() {
        for (name, value) in announced(has_agent) {
            if !env.iter().any(|known| known.name == name) {
                env.push(variable(name, &EnvValue::Text(Text(value))));
            }
        }
    }
    let resources = container.resources.get_or_insert_default();
    let ResourceRequirements { limits, requests, .. } = resources;
    for (known, said) in [
        (limits, &fields.resources.limits),
        (requests, &fields.resources.requests),
    ] {
        if !said.is_empty() {
            let said = said
                .iter()
                .map(|(name, value)| (name.clone(), Quantity(value.0.clone())));
            known.get_or_insert_default().extend(said);
        }
    }
}

/// The variables by which programs learn of the certificates; Java's, where there is an agent that writes them
/// for it.
pub(crate) fn announced(has_agent: bool) -> impl Iterator<Item = (&'static str, String)> {
    let java = format!("-Djavax.net.ssl.trustStore={TRUSTSTORE_FILE}");
    let java = has_agent.then_some((JAVA_OPTIONS, java));
    let others = CA_VARIABLES.map(|name| (name, CA_BUNDLE_FILE.to_owned()));
    others.into_iter().chain(java)
}

fn variable(name: &str, value: &EnvValue) -> EnvVar {
    let (value, value_from) = match value {
        EnvValue::Text(text) => (Some(escaped(&text.0)), None),
        EnvValue::From(source) => (None, Some((**source).clone())),
    };
    EnvVar {
        name: name.to_owned(),
        value,
        value_from,
    }
}

/// The volumes of files and certificates, and where they are mounted.
fn files(fields: &PodFields) -> (Vec<Volume>, Vec<VolumeMount>) {
    let files = fields.files.iter().enumerate();
    let files = files.map(|(index, (path, source))| (format!("file-{index}"), path.as_str(), source));
    let bundle = fields.ca_bundle.iter();
    let bundle = bundle.map(|source| (CA_BUNDLE.to_owned(), CA_BUNDLE_FILE, source));
    files
        .chain(bundle)
        .map(|(name, path, source)| {
            let mount = VolumeMount {
                sub_path: Some(source.key.clone()),
                read_only: Some(true),
                ..volumes::mount(&name, path)
            };
            (volume(name, source), mount)
        })
        .unzip()
}

fn volume(name: String, source: &KeyRef) -> Volume {
    let items = Some(vec![KeyToPath {
        key: source.key.clone(),
        path: source.key.clone(),
        mode: None,
    }]);
    let config_map = source.config_map.as_ref().map(|name| ConfigMapVolumeSource {
        name: name.clone(),
        items: items.clone(),
        ..ConfigMapVolumeSource::default()
    });
    let secret = source.secret.as_ref().map(|name| SecretVolumeSource {
        secret_name: Some(name.clone()),
        items: items.clone(),
        ..SecretVolumeSource::default()
    });
    Volume {
        name,
        config_map,
        secret,
        ..Volume::default()
    }
}

#[cfg(test)]
mod tests;
