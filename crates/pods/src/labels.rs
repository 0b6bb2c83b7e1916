//! Labels and annotations of all objects that belong to a container. Illegal characters of a value are
//! replaced, and a long value is shortened. Then the full text is an annotation with the same key.

use std::collections::BTreeMap;

use engine::container::Container;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// The label of objects that chainpod created. It is part of every selector.
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// The label with the installation that created the object. It is part of every selector.
const INSTANCE: &str = "app.kubernetes.io/instance";
/// The label with the purpose of the object.
const COMPONENT: &str = "app.kubernetes.io/component";
/// The value of [`COMPONENT`] for Pods of `chainpod doctor`.
const DOCTOR: &str = "doctor";
/// The value of [`COMPONENT`] for the objects of chainpod itself.
const DAEMON: &str = "daemon";
/// The value of [`MANAGED_BY`].
const CHAINPOD: &str = "chainpod";
/// The label with the role of the container. The role is also the name of our own container in its Pod.
pub(crate) const ROLE: &str = "chainpod.dev/role";
/// Docker's name of the container, in full.
const CONTAINER_NAME: &str = "chainpod.dev/container-name";
/// Docker's id of the container, in full.
const CONTAINER_ID: &str = "chainpod.dev/container-id";
/// The image as the client named it.
const IMAGE: &str = "chainpod.dev/image";
/// Kubernetes' limit for a label's value.
const VALUE_CHARS: usize = 63;

/// Returns the selector of all objects that `instance` created.
pub(crate) fn selector(instance: &str) -> String {
    format!("{MANAGED_BY}={CHAINPOD},{INSTANCE}={}", legal(instance))
}

/// Returns true if `instance` created the object. Compares full names, because two names may give the same
/// label value.
pub(crate) fn is_of(meta: &ObjectMeta, instance: &str) -> bool {
    let of = |map: &Option<BTreeMap<String, String>>| map.as_ref()?.get(INSTANCE).cloned();
    of(&meta.annotations).or_else(|| of(&meta.labels)).as_deref() == Some(instance)
}

/// Returns name, namespace, labels and annotations for an object of `container`.
pub(crate) fn metadata(name: String, namespace: &str, container: &Container) -> ObjectMeta {
    let full = labels(container);
    let mut annotations: BTreeMap<String, String> = [
        (CONTAINER_NAME, container.name.as_str()),
        (CONTAINER_ID, &container.id.0),
        (IMAGE, &container.spec.image),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    let mut labels = BTreeMap::new();
    for (key, value) in full {
        let value_made_legal = legal(value);
        if value_made_legal != value {
            annotations.insert(key.to_owned(), value.to_owned());
        }
        labels.insert(key.to_owned(), value_made_legal);
    }
    ObjectMeta {
        name: Some(name),
        namespace: Some(namespace.to_owned()),
        labels: Some(labels),
        annotations: Some(annotations),
        ..ObjectMeta::default()
    }
}

/// Returns the labels of a doctor's Pod, which belongs to no container and checks what containers' Pods can
/// reach. It has the labels that all containers' Pods share, because network policies select by them.
pub(crate) fn of_doctor(instance: &str) -> BTreeMap<String, String> {
    of_installation(instance, DOCTOR)
}

/// Returns the labels of the installation's Lease.
pub(crate) fn of_lease(instance: &str) -> BTreeMap<String, String> {
    of_installation(instance, DAEMON)
}

fn of_installation(instance: &str, component: &str) -> BTreeMap<String, String> {
    let labels = [
        ("app.kubernetes.io/name", CHAINPOD),
        (INSTANCE, instance),
        (MANAGED_BY, CHAINPOD),
        (COMPONENT, component),
        ("app.kubernetes.io/part-of", CHAINPOD),
    ];
    labels.map(|(key, value)| (key.to_owned(), legal(value))).into()
}

/// Returns true if an object has the doctor's label.
pub(crate) fn is_of_doctor(meta: &ObjectMeta) -> bool {
    let component = meta.labels.as_ref().and_then(|labels| labels.get(COMPONENT));
    component.is_some_and(|component| component == DOCTOR)
}

/// Returns the keys of labels and their full values.
fn labels(container: &Container) -> Vec<(&'static str, &str)> {
    let role = container.role.name();
    let mut labels = vec![
        ("app.kubernetes.io/name", CHAINPOD),
        (INSTANCE, container.scope.0.as_str()),
        (MANAGED_BY, CHAINPOD),
        (COMPONENT, role),
        ("app.kubernetes.io/part-of", CHAINPOD),
        ("chainpod.dev/id", container.id.short()),
        (ROLE, role),
    ];
    let optional = [
        ("chainpod.dev/peer", container.peer()),
        ("chainpod.dev/chaincode", container.chaincode()),
        (
            "chainpod.dev/package-hash",
            container.fabric_name().and_then(|name| name.package_hash),
        ),
        ("chainpod.dev/msp", container.msp()),
    ];
    labels.extend(
        optional
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?))),
    );
    labels
}

/// Returns the nearest legal value of a label: 63 characters of `[A-Za-z0-9._-]`, alphanumeric at both ends.
fn legal(value: &str) -> String {
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let text: String = value.chars().map(|c| if known(c) { c } else { '-' }).collect();
    let edge = |c: char| !c.is_ascii_alphanumeric();
    let text = text.trim_start_matches(edge);
    text[..text.len().min(VALUE_CHARS)]
        .trim_end_matches(edge)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::sample;

    #[test]
    fn values_are_made_legal() {
        for (text, expected) in [
            ("peer0.org1", "peer0.org1"),
            ("_a b:c-", "a-b-c"),
            ("", ""),
            ("--", ""),
            (&"x".repeat(64), &"x".repeat(63)),
            (&format!("{}.y", "x".repeat(62)), &"x".repeat(62)),
        ] {
            assert_eq!(legal(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_chaincode_is_labelled_and_a_cut_value_is_whole_in_its_annotation() {
        let meta = metadata("n".to_owned(), "ns", &sample::chaincode().container);
        let (labels, annotations) = (meta.labels.unwrap(), meta.annotations.unwrap());
        let label = |key: &str| labels[&format!("chainpod.dev/{key}")].as_str();
        assert_eq!(
            (label("peer"), label("chaincode"), label("msp")),
            ("peer0.org1", "kv", "Org1MSP")
        );
        assert_eq!((label("id").len(), label("role")), (12, "chaincode"));
        assert_eq!(label("package-hash").len(), 63);
        assert_eq!(annotations["chainpod.dev/package-hash"].len(), 64);
        assert_eq!(
            annotations["chainpod.dev/container-name"],
            sample::chaincode().container.name
        );
        assert!(!annotations.contains_key("chainpod.dev/peer"));
    }

    #[test]
    fn the_selector_finds_what_is_labelled() {
        let labels = metadata("n".to_owned(), "ns", &sample::chaincode().container)
            .labels
            .unwrap();
        for term in selector("lab").split(',') {
            let (key, value) = term.split_once('=').unwrap();
            assert_eq!(labels[key], value);
        }
    }
}
