//! Read-only lists of containers with their Pods, for commands such as `ps` and `logs`. Each list is read
//! once, with the caller's own permissions.

use std::pin::pin;

use engine::container::{Container, Record};
use engine::name::Scope;
use engine::phase::Phase;
use futures::{StreamExt, stream};
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::api::{ListParams, LogParams};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client, ResourceExt};

use crate::logs::next_piece;
use crate::own_containers::{identity, program, program_name};
use crate::{labels, records, status};

/// A container as it is in the cluster.
#[derive(Clone, Debug)]
pub struct View {
    /// Its record.
    pub record: Record,
    /// The Pod of its current start, if it exists.
    pub pod: Option<Pod>,
    /// The Pod of the start before, if it still exists.
    pub earlier: Option<Pod>,
}

/// Returns all containers of `scope`, as they are now.
///
/// # Errors
/// Returns the API server's error.
pub async fn views(client: &Client, namespace: &str, scope: &Scope) -> kube::Result<Vec<View>> {
    let api = Api::<Pod>::namespaced(client.clone(), namespace);
    let params = ListParams::default().labels(&labels::selector(&scope.0));
    let (records, pods) =
        futures::future::try_join(records(client, namespace, scope), api.list(&params)).await?;
    Ok(paired(records, &pods.items))
}

fn paired(records: Vec<Record>, pods: &[Pod]) -> Vec<View> {
    let views = records.into_iter().map(|record| {
        let start = record.container.starts;
        let of_start = |wanted: u32| {
            let mut pods = pods.iter();
            let is_it = |pod: &&Pod| {
                identity(pod).is_some_and(|(agent, _)| agent.uid == record.uid && agent.start == wanted)
            };
            pods.find(is_it).cloned()
        };
        View {
            pod: of_start(start),
            earlier: start.checked_sub(1).and_then(of_start),
            record,
        }
    });
    views.collect()
}

impl View {
    /// Returns the container.
    #[must_use]
    pub const fn container(&self) -> &Container {
        &self.record.container
    }

    /// Returns the name of its node.
    #[must_use]
    pub fn node(&self) -> Option<&str> {
        self.pod.as_ref()?.spec.as_ref()?.node_name.as_deref()
    }

    /// Returns the memory limit of the program, as the Pod has it.
    #[must_use]
    pub fn memory_limit(&self) -> Option<&str> {
        let pod = self.pod.as_ref()?;
        let container = program(pod)?.container;
        let limits = container.resources.as_ref()?.limits.as_ref()?;
        limits.get("memory").map(|quantity| quantity.0.as_str())
    }

    /// Returns the container's state in a word or two. For a container that is starting, that is the reason
    /// for which its Pod waits.
    #[must_use]
    pub fn state(&self) -> String {
        let container = self.container();
        match (container.phase, &container.exit) {
            (Phase::Created, None) => "created".to_owned(),
            (Phase::Created, Some(_)) => "failed".to_owned(),
            (Phase::Starting, _) => self.waiting().unwrap_or("starting").to_owned(),
            (Phase::Running, _) if self.pod.is_none() => "pod gone".to_owned(),
            (Phase::Running, _) => "running".to_owned(),
            (Phase::Exited, Some(exit)) if exit.oom_killed => "out of memory".to_owned(),
            (Phase::Exited, exit) => format!("exited ({})", exit.as_ref().map_or(0, |exit| exit.code)),
        }
    }

    fn waiting(&self) -> Option<&str> {
        status::waiting_reason(self.pod.as_ref()?)
    }
}

/// Calls `sink` whenever a record or Pod of `scope` has changed. Never ends.
pub async fn changes(client: &Client, namespace: &str, scope: &Scope, sink: impl Fn()) {
    let config = || watcher::Config::default().labels(&labels::selector(&scope.0));
    let records = watcher(Api::<ConfigMap>::namespaced(client.clone(), namespace), config());
    let pods = watcher(Api::<Pod>::namespaced(client.clone(), namespace), config());
    let records = records.default_backoff().map(drop).boxed();
    let pods = pods.default_backoff().map(drop).boxed();
    stream::select(records, pods)
        .for_each(|()| {
            sink();
            std::future::ready(())
        })
        .await;
}

/// Reads the log of a Pod's program, from its `tail`-last line on: each line goes to `sink`, a long one in pieces.
///
/// # Errors
/// Returns the API server's error, also when the connection is cut.
pub async fn read_log(
    client: &Client,
    pod: &Pod,
    (tail, follow): (Option<i64>, bool),
    mut sink: impl FnMut(&[u8]),
) -> kube::Result<()> {
    let api = Api::<Pod>::namespaced(client.clone(), &pod.namespace().unwrap_or_default());
    let params = LogParams {
        container: program_name(pod).map(str::to_owned),
        follow,
        tail_lines: tail,
        ..LogParams::default()
    };
    let mut log = pin!(api.log_stream(&pod.name_any(), &params).await?);
    loop {
        // The line is bytes: a program may print anything.
        let piece = next_piece(&mut log).await.map_err(kube::Error::ReadEvents)?;
        if piece.is_empty() {
            return Ok(());
        }
        sink(&piece);
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::{ContainerState, ContainerStateWaiting, ContainerStatus, PodStatus};

    use super::*;
    use crate::agent::AgentBy;
    use crate::record::sample;

    fn pod_of(record: &Record) -> Pod {
        sample::pod(record, AgentBy::Mount)
    }

    #[test]
    fn a_container_has_the_pods_of_its_own_starts() {
        let mut record = sample::chaincode();
        record.container.spec.memory_bytes = 1 << 28;
        let mut first = record.clone();
        first.container.starts -= 1;
        let mut other = record.clone();
        other.uid = "uid-2".to_owned();
        let mut pods = [pod_of(&first), pod_of(&other), pod_of(&record)];
        pods[2].spec.get_or_insert_default().node_name = Some("node-1".to_owned());
        let views = paired(vec![record.clone()], &pods);
        let view = &views[0];
        assert_eq!(view.pod.as_ref(), Some(&pods[2]));
        assert_eq!(view.earlier.as_ref(), Some(&pods[0]));
        assert_eq!(
            (view.node(), view.memory_limit()),
            (Some("node-1"), Some("268435456"))
        );
        assert!(paired(vec![record], &[])[0].pod.is_none());
    }

    #[test]
    fn a_state_is_a_word_or_two() {
        let record = sample::chaincode();
        let mut pod = pod_of(&record);
        let mut view = View {
            record,
            pod: Some(pod.clone()),
            earlier: None,
        };
        assert_eq!(view.state(), "starting");
        let waiting = ContainerStateWaiting {
            reason: Some("ImagePullBackOff".to_owned()),
            message: None,
        };
        pod.status = Some(PodStatus {
            container_statuses: Some(vec![ContainerStatus {
                name: "chaincode".to_owned(),
                state: Some(ContainerState {
                    waiting: Some(waiting),
                    ..ContainerState::default()
                }),
                ..ContainerStatus::default()
            }]),
            ..PodStatus::default()
        });
        view.pod = Some(pod);
        assert_eq!(view.state(), "ImagePullBackOff");
        view.record.container.phase = Phase::Running;
        assert_eq!(view.state(), "running");
        view.pod = None;
        assert_eq!(view.state(), "pod gone");
        view.record.container.phase = Phase::Exited;
        assert_eq!(view.state(), "exited (0)");
    }
}
