//! The parts of a Pod that come only from the operator's rules, and the rules' template.

use std::collections::BTreeMap;

use agent_protocol::CA_BUNDLE_FILE;
use k8s_openapi::DeepMerge;
use k8s_openapi::api::core::v1::{
    ConfigMapVolumeSource, KeyToPath, LocalObjectReference, Pod, PodSpec, SecretVolumeSource, Volume,
    VolumeMount,
};
use rules::KeyRef;

use super::mount::read_only;
use crate::plan::said::Said;
use crate::plan::{Plan, RESTART_POLICY, is_own};

/// The volume of the certificates.
const CA_BUNDLE: &str = "ca-bundle";

/// Sets the fields that decide where the Pod runs, and with which rights.
pub(super) fn placed(spec: &mut PodSpec, plan: &Plan) {
    let selector = plan.node_selector.iter();
    let selector = selector.map(|(label, said)| (label.clone(), said.value.clone()));
    spec.node_selector = Some(selector.collect()).filter(|selector: &BTreeMap<_, _>| !selector.is_empty());
    let secret = |name: &String| LocalObjectReference { name: name.clone() };
    let secrets = plan.image_pull_secrets.as_ref();
    spec.image_pull_secrets = secrets.map(|said| said.value.iter().map(secret).collect());
    spec.tolerations = value(&plan.tolerations);
    spec.affinity = value(&plan.affinity);
    spec.runtime_class_name = value(&plan.runtime_class_name);
    spec.priority_class_name = value(&plan.priority_class_name);
    spec.service_account_name = value(&plan.service_account_name);
}

/// Returns the value of a field that may be unset.
pub(super) fn value<T: Clone>(said: &Option<Said<T>>) -> Option<T> {
    said.as_ref().map(|said| said.value.clone())
}

/// Returns `pod` with the template merged into it. chainpod's own labels and annotations stay.
pub(super) fn merged(mut pod: Pod, plan: &Plan) -> Pod {
    let Some(Said { value: template, .. }) = &plan.template else {
        return pod;
    };
    let own = |entries: &Option<BTreeMap<String, String>>| -> BTreeMap<String, String> {
        let entries = entries.clone().unwrap_or_default().into_iter();
        entries.filter(|(key, _)| is_own(key)).collect()
    };
    let (labels, annotations) = (own(&pod.metadata.labels), own(&pod.metadata.annotations));
    pod.merge_from(Pod {
        metadata: template.metadata.clone().unwrap_or_default(),
        spec: template.spec.clone(),
        status: None,
    });
    pod.spec.get_or_insert_default().restart_policy = Some(RESTART_POLICY.to_owned());
    pod.metadata.labels.get_or_insert_default().extend(labels);
    pod.metadata
        .annotations
        .get_or_insert_default()
        .extend(annotations);
    pod
}

/// Returns the volumes of files and certificates, and their mounts.
pub(super) fn files(plan: &Plan) -> (Vec<Volume>, Vec<VolumeMount>) {
    let files = plan.files.iter().enumerate();
    let files = files.map(|(index, (path, said))| (format!("file-{index}"), path.as_str(), &said.value));
    let bundle = plan.ca_bundle.iter();
    let bundle = bundle.map(|said| (CA_BUNDLE.to_owned(), CA_BUNDLE_FILE, &said.value));
    files
        .chain(bundle)
        .map(|(name, path, source)| {
            let mount = VolumeMount {
                sub_path: Some(source.key.clone()),
                ..read_only(&name, path)
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
