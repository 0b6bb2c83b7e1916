//! What ends a Pod as a whole: it is said of the Pod, before its container has ended.

use engine::End;
use k8s_openapi::api::core::v1::{Pod, PodStatus};

use super::sentence;

/// The Pod's reason when its node is not heard of any more.
pub(super) const NODE_LOST: &str = "NodeLost";
/// The Pod's reason when the kubelet has evicted it.
const EVICTED: &str = "Evicted";
/// The condition of a Pod that somebody is about to end.
const DISRUPTED: &str = "DisruptionTarget";
/// What ends it, by that condition's reason.
const DISRUPTIONS: [(&str, Why); 5] = [
    ("EvictionByEvictionAPI", End::Evicted),
    ("TerminationByKubelet", End::Evicted),
    ("PreemptionByScheduler", End::Preempted),
    ("DeletionByTaintManager", End::NodeLost),
    ("DeletionByPodGC", End::NodeLost),
];
/// Makes an end of the cluster's message.
type Why = fn(String) -> End;

/// What ends a Pod as a whole, if anything does.
pub(super) fn ending(pod: &Pod) -> Option<End> {
    let status = pod.status.as_ref();
    let failed = status.and_then(of_pod);
    let deleted = || pod.metadata.deletion_timestamp.as_ref().map(|_| End::Deleted);
    failed.or_else(deleted)
}

/// What the Pod's status says of its end; a container's says only that it was killed.
fn of_pod(status: &PodStatus) -> Option<End> {
    let mut conditions = status.conditions.iter().flatten();
    let disrupted = conditions.find(|condition| condition.type_ == DISRUPTED && condition.status == "True");
    let why = sentence(status.reason.as_deref(), status.message.as_deref());
    if let Some(condition) = disrupted {
        let row = DISRUPTIONS
            .iter()
            .find(|(reason, _)| condition.reason.as_deref() == Some(reason));
        let of = row.map_or(End::PodFailed as Why, |(_, of)| *of);
        let message = sentence(None, condition.message.as_deref());
        return Some(of(if message.is_empty() { why } else { message }));
    }
    match status.reason.as_deref()? {
        EVICTED => Some(End::Evicted(sentence(None, status.message.as_deref()))),
        NODE_LOST => Some(End::NodeLost(why)),
        _ => Some(End::PodFailed(why)),
    }
}
