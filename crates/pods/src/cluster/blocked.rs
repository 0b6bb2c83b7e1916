//! Causes that the status of our own containers does not show. The status of an injected init container
//! shows if ours wait for it. Only Events report a volume that cannot be mounted, a missing network and a hook
//! that does not end. Only the agent's log shows if the agent cannot reach chainpod. All are read once a start
//! takes long; they are not watched.

use std::cmp::Reverse;

use agent_protocol::{AGENT_SAYS, WAITS_FOR};
use engine::Cause;
use engine::name::PodName;
use engine::ports::ClusterError;
use futures::AsyncReadExt;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Event, Pod};
use kube::api::{ListParams, LogParams};

use super::{KubeCluster, described};
use crate::own_containers::{Part, parts, program};
use crate::retry::{once, tried};
use crate::status;

/// The type of an Event that needs attention.
const WARNING: &str = "Warning";
/// Warnings that do not keep a Pod from running: the kubelet repeats them whenever it looks at one.
const HARMLESS: [&str; 4] = [
    "DNSConfigForming",
    "FailedToRetrieveImagePullSecret",
    "HostIPsIPFamilyMismatch",
    "MissingClusterDNS",
];
/// The kubelet's reason for an image that it does not pull again yet. Its type is normal.
const BACK_OFF: &str = "BackOff";
/// The kubelet's reason for a container that has started.
const STARTED: &str = "Started";
/// The scheduler of Pods that name none.
const DEFAULT_SCHEDULER: &str = "default-scheduler";
/// The part of a log that is read. The agent writes nothing before it waits, and after that at most one line
/// for each call.
const LOG_BYTES: i64 = 64 * 1024;

impl KubeCluster {
    /// Returns the cause that keeps the Pod from running its program, if there is one.
    pub(super) async fn waits_for(&self, name: &PodName) -> Result<Option<Cause>, ClusterError> {
        let pods = self.api::<Pod>();
        let pod = tried(&described::<Pod>(&name.0), || pods.get_opt(&name.0)).await;
        let Some(pod) = pod.result? else {
            return Ok(None);
        };
        let Some(node) = node(&pod) else {
            return Ok(unseen(&pod));
        };
        if pod
            .status
            .as_ref()
            .is_none_or(|status| status.start_time.is_none())
        {
            let why = format!("no kubelet answers on node {node}");
            return Ok(Some(Cause::Blocked(why)));
        }
        match program(&pod).filter(Part::runs) {
            Some(program) if program.has_agent() => self.agent_waits(&name.0, program.name()).await,
            Some(_) => Ok(None),
            None => self.node_waits(&pod).await,
        }
    }

    async fn node_waits(&self, pod: &Pod) -> Result<Option<Cause>, ClusterError> {
        // Its Events do not show it for long: each try begins with one that counts as progress.
        if let Some(why) = status::waits_for_other(pod) {
            return Ok(Some(Cause::Blocked(why)));
        }
        let events = self.api::<Event>();
        let uid = pod.metadata.uid.as_deref().unwrap_or_default();
        let params = ListParams::default().fields(&format!("involvedObject.uid={uid}"));
        let list = tried("events", || events.list(&params)).await.result?;
        Ok(failure(pod, &list.items).map(Cause::Blocked))
    }

    /// Returns what the agent reports that it waits for; it is the first process of that container.
    async fn agent_waits(&self, pod: &str, container: &str) -> Result<Option<Cause>, ClusterError> {
        let params = LogParams {
            container: Some(container.to_owned()),
            limit_bytes: Some(LOG_BYTES),
            ..LogParams::default()
        };
        let api = self.api::<Pod>();
        let read = async {
            let log = api.log_stream(pod, &params).await?;
            let mut text = Vec::new();
            log.take(LOG_BYTES.unsigned_abs())
                .read_to_end(&mut text)
                .await
                .map_err(kube::Error::ReadEvents)?;
            Ok(text)
        };
        let text = once(&format!("log of pod {pod}"), read).await?;
        let text = String::from_utf8_lossy(&text);
        Ok(complaint(&text).map(|words| Cause::AgentWaits(words.to_owned())))
    }
}

fn node(pod: &Pod) -> Option<&str> {
    pod.spec.as_ref()?.node_name.as_deref()
}

/// Returns the cause for a Pod that no scheduler has reported on: there is no scheduler of that name, or it
/// is not running.
fn unseen(pod: &Pod) -> Option<Cause> {
    if pod.status.as_ref().is_some_and(status::is_looked_at) {
        return None;
    }
    let named = pod.spec.as_ref().and_then(|spec| spec.scheduler_name.as_deref());
    let name = named.unwrap_or(DEFAULT_SCHEDULER);
    Some(Cause::Unschedulable(format!(
        "scheduler {name} has not tried to place it"
    )))
}

/// Returns the agent's last line in the log if that says that it waits.
fn complaint(log: &str) -> Option<&str> {
    let mut said = log.lines().filter_map(|line| line.strip_prefix(AGENT_SAYS));
    said.next_back()?.strip_prefix(WAITS_FOR).map(str::trim_end)
}

/// Returns the newest of these events if it is a failure, or the start of a container that holds up the next
/// one. Between events of the same second, progress counts. Once there are events of our own program's
/// container, those of a mesh's containers do not count.
fn failure(pod: &Pod, events: &[Event]) -> Option<String> {
    let own = program(pod).map(|program| program.name());
    let is_on_its_way = events
        .iter()
        .any(|event| container(event).is_some_and(|of| Some(of) == own));
    let counts = |event: &&Event| match (event.reason.as_deref(), container(event)) {
        (Some(reason), _) if HARMLESS.contains(&reason) => false,
        (_, Some(name)) if is_on_its_way => parts(pod).any(|part| part.name() == name),
        _ => true,
    };
    let newest = events
        .iter()
        .filter(counts)
        .max_by_key(|event| (time(event), Reverse(is_failure(event))))?;
    let reason = newest.reason.as_deref().unwrap_or_default();
    if is_failure(newest) {
        let message = newest.message.as_deref().unwrap_or_default();
        return Some(format!("{reason}: {message}"));
    }
    let name = container(newest).filter(|_| reason == STARTED && !is_on_its_way)?;
    Some(format!(
        "container {name} has started, and its postStart hook does not end"
    ))
}

fn is_failure(event: &Event) -> bool {
    event.type_.as_deref() == Some(WARNING) || event.reason.as_deref() == Some(BACK_OFF)
}

/// Returns the name of the container that the event is about, but not that of an init container.
fn container(event: &Event) -> Option<&str> {
    let field = event.involved_object.field_path.as_deref()?;
    field.strip_prefix("spec.containers{")?.strip_suffix('}')
}

/// Returns the time at which the event was last seen, to the second.
fn time(event: &Event) -> i64 {
    let micro = || event.event_time.as_ref().map(|time| time.0);
    let time: Option<Timestamp> = event.last_timestamp.as_ref().map(|time| time.0).or_else(micro);
    time.map_or(0, Timestamp::as_second)
}

#[cfg(test)]
mod tests;
