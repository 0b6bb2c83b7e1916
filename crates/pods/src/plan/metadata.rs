//! The Pod's labels and annotations.

use engine::container::{Container, Role};
use rules::{Choice, Text};

use super::merge;
use super::said::{By, Said, SaidMap};
use crate::labels;

/// The annotation with the number of the container's start that a Pod belongs to.
pub(crate) const START: &str = "chainpod.dev/start";
/// Docker's labels of the container, as JSON.
pub(crate) const DOCKER_LABELS: &str = "chainpod.dev/docker-labels";
/// The annotation with kubectl's default container: the program's container, at any position.
const DEFAULT_CONTAINER: &str = "kubectl.kubernetes.io/default-container";
/// The limit for labels in the Pod's annotation. Larger labels are only on the record: Kubernetes allows 256
/// KiB for all annotations.
const LABELS_BYTES: usize = 64 * 1024;
/// The prefixes of chainpod's own labels and annotations. Rules cannot change them, because they identify the
/// Pod.
const OWN: [&str; 2] = ["app.kubernetes.io/", "chainpod.dev/"];

/// Labels and annotations.
pub(super) struct Metadata {
    pub(super) labels: SaidMap<String>,
    pub(super) annotations: SaidMap<String>,
}

/// Returns the labels and annotations for the Pod of `container`.
pub(super) fn of(container: &Container, choice: &Choice) -> Metadata {
    let own = labels::metadata(String::new(), "", container);
    let by_default = |(key, value)| (key, Said::by_default(value));
    let mut labels: SaidMap<_> = own.labels.into_iter().flatten().map(by_default).collect();
    let mut annotations: SaidMap<_> = own.annotations.into_iter().flatten().map(by_default).collect();
    annotations
        .extend(of_pod(container).map(|(key, value)| (key.to_owned(), Said::by_default(value.to_owned()))));
    annotations.extend(docker_labels(container));
    let fields = &choice.fields;
    let text = |text: &Text| text.0.clone();
    add(&mut labels, merge::by_key(choice, "labels", &fields.labels, text));
    add(
        &mut annotations,
        merge::by_key(choice, "annotations", &fields.annotations, text),
    );
    Metadata { labels, annotations }
}

/// Adds the entries of the rules. They do not replace chainpod's own entries.
fn add(known: &mut SaidMap<String>, ruled: SaidMap<String>) {
    for (key, said) in ruled {
        if !(is_own(&key) && known.contains_key(&key)) {
            known.insert(key, said);
        }
    }
}

/// Returns true if a label or annotation is chainpod's own.
pub(crate) fn is_own(key: &str) -> bool {
    OWN.iter().any(|own| key.starts_with(own))
}

/// Returns the annotations of every Pod.
fn of_pod(container: &Container) -> [(&'static str, String); 5] {
    let safe_to_evict = match container.role {
        Role::Build => "false",
        Role::Chaincode => "true",
    };
    [
        (START, container.starts.to_string()),
        (DEFAULT_CONTAINER, container.role.name().to_owned()),
        (
            "cluster-autoscaler.kubernetes.io/safe-to-evict",
            safe_to_evict.to_owned(),
        ),
        ("sidecar.istio.io/inject", "false".to_owned()),
        ("linkerd.io/inject", "disabled".to_owned()),
    ]
}

/// Returns Docker's labels as an annotation: their keys and values are not legal as labels in Kubernetes.
fn docker_labels(container: &Container) -> Option<(String, Said<String>)> {
    let labels = container.docker_labels();
    let text = serde_json::to_string(&labels).unwrap_or_default();
    let by = match container.spec.labels.is_empty() {
        true => By::Image,
        false => By::Client,
    };
    (!labels.is_empty() && text.len() <= LABELS_BYTES)
        .then(|| (DOCKER_LABELS.to_owned(), Said::new(by, text)))
}
