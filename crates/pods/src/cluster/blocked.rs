//! What keeps a Pod that has a node waiting there. Its status does not say that: a
//! volume that cannot be mounted and a network that is not there are told by Events
//! alone. They are asked for once a start takes long, not watched.

use engine::name::PodName;
use engine::ports::ClusterError;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Event, Pod};
use kube::api::ListParams;

use super::{KubeCluster, described};
use crate::retry::tried;

/// The type of an Event that somebody should look after.
const WARNING: &str = "Warning";

impl KubeCluster {
    /// What the Pod waits for, if it has a node, and that has told a failure last.
    pub(super) async fn waits_for(&self, name: &PodName) -> Result<Option<String>, ClusterError> {
        let pods = self.api::<Pod>();
        let pod = tried(&described::<Pod>(&name.0), || pods.get_opt(&name.0)).await;
        let Some(pod) = pod.result? else {
            return Ok(None);
        };
        let Some(node) = pod.spec.and_then(|spec| spec.node_name) else {
            return Ok(None);
        };
        if pod.status.is_none_or(|status| status.start_time.is_none()) {
            return Ok(Some(format!(
                "node {node} does not take it: no kubelet answers there"
            )));
        }
        let events = self.api::<Event>();
        let of_pod = format!("involvedObject.uid={}", pod.metadata.uid.unwrap_or_default());
        let params = ListParams::default().fields(&of_pod);
        let list = tried("events", || events.list(&params)).await.result?;
        Ok(failure(&list.items))
    }
}

/// The newest of these, if it is a failure. Of the same second, progress counts.
fn failure(events: &[Event]) -> Option<String> {
    let is_warning = |event: &Event| event.type_.as_deref() == Some(WARNING);
    let newest = events
        .iter()
        .max_by_key(|event| (time(event), !is_warning(event)))?;
    is_warning(newest).then(|| {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        format!("{}: {}", text(&newest.reason), text(&newest.message))
    })
}

/// When it was seen last, to the second.
fn time(event: &Event) -> i64 {
    let micro = || event.event_time.as_ref().map(|time| time.0);
    let time: Option<Timestamp> = event.last_timestamp.as_ref().map(|time| time.0).or_else(micro);
    time.map_or(0, Timestamp::as_second)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(type_: &str, reason: &str, second: u32) -> Event {
        let time = format!("2026-11-01T00:00:{second:02}Z");
        serde_json::from_value(json!({
            "metadata": {}, "involvedObject": {}, "type": type_, "reason": reason, "message": "why", "lastTimestamp": time,
        }))
        .unwrap()
    }

    #[test]
    fn only_a_failure_that_nothing_has_followed_keeps_a_pod_waiting() {
        let mut events = vec![
            event("Normal", "Scheduled", 0),
            event("Warning", "FailedMount", 1),
        ];
        assert_eq!(failure(&events).unwrap(), "FailedMount: why");
        events.insert(0, event("Normal", "Pulling", 1));
        assert_eq!(failure(&events), None);
        assert_eq!(failure(&[]), None);
    }
}
