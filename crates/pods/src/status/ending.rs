//! The end of a whole Pod: the Pod's status reports it before its container has ended.

use engine::End;
use k8s_openapi::api::core::v1::{Pod, PodStatus};

use super::sentence;

/// The Pod's reason when its node has stopped reporting.
pub(super) const NODE_LOST: &str = "NodeLost";
/// The Pod's reason when the kubelet has evicted it.
const EVICTED: &str = "Evicted";
/// The condition of a Pod that is about to be ended.
const DISRUPTED: &str = "DisruptionTarget";
/// The end for each reason of that condition.
const DISRUPTIONS: [(&str, Why); 5] = [
    ("EvictionByEvictionAPI", End::Evicted),
    ("TerminationByKubelet", End::Evicted),
    ("PreemptionByScheduler", End::Preempted),
    ("DeletionByTaintManager", End::NodeLost),
    ("DeletionByPodGC", End::NodeLost),
];
/// Makes an end from the cluster's message.
type Why = fn(String) -> End;

/// Returns the end of the whole Pod, if there is one.
pub(super) fn ending(pod: &Pod) -> Option<End> {
    let status = pod.status.as_ref();
    let failed = status.and_then(of_pod);
    let deleted = || pod.metadata.deletion_timestamp.as_ref().map(|_| End::Deleted);
    failed.or_else(deleted)
}

/// Returns the end that the Pod's status reports. The container's status shows only that it was killed.
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
