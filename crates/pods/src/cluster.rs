//! [`KubeCluster`]: sends the calls of the port as requests to the API server.

use std::collections::HashSet;
use std::fmt::Debug;
use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use engine::Cause;
use engine::container::{Container, Owner, Record};
use engine::launch::Launch;
use engine::name::{PodName, RecordName, Scope};
use engine::ports::{Cluster, ClusterError, LogLine, News, PodState, SecretFile};
use futures::future::try_join_all;
use futures::stream::BoxStream;
use jiff::Timestamp;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::{ConfigMap, Event, Pod, Secret};
use kube::api::{DeleteParams, ListParams, PostParams, Preconditions};
use kube::{Api, Client, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::agent::AgentVolumes;
use crate::config::Config;
use crate::error::busy_quota;
use crate::plan::Plan;
use crate::retry::{Tried, tried};
use crate::{event, files_secret, labels, logs, pod, record, task_secret};

mod blocked;
mod dry_run;
mod owner;
mod probe;
mod sample;

pub use self::probe::{Untried, server_time};
pub use self::sample::Sample;

/// One namespace of a Kubernetes cluster.
#[derive(Clone)]
pub struct KubeCluster {
    client: Client,
    config: Config,
    agent_volumes: AgentVolumes,
}

impl KubeCluster {
    /// A cluster that `client` reaches.
    #[must_use]
    pub fn new(client: Client, config: Config) -> Self {
        let agent_volumes = AgentVolumes::new(config.agent_volume);
        Self {
            client,
            config,
            agent_volumes,
        }
    }

    pub(crate) fn instance(&self) -> &str {
        &self.config.instance
    }

    pub(crate) fn api<K>(&self) -> Api<K>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), &self.config.namespace)
    }

    /// Records whether the Pod's node mounts the agent's image. Returns a state if the agent is not in the
    /// Pod.
    pub(crate) fn learn(&self, pod: &Pod) -> Option<PodState> {
        self.agent_volumes.learn(pod)
    }

    async fn create<K>(&self, object: &K) -> Tried<K>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
            + Clone
            + Debug
            + DeserializeOwned
            + Serialize,
    {
        let api = self.api::<K>();
        let name = object.meta().name.as_deref().unwrap_or_default();
        tried(&described::<K>(name), || async {
            api.create(&PostParams::default(), object)
                .await
                .map_err(busy_quota)
        })
        .await
    }
}

#[async_trait]
impl Cluster for KubeCluster {
    async fn create_record(&self, name: &RecordName, container: &Container) -> Result<Record, ClusterError> {
        let object = record::build(name, &self.config.namespace, container)
            .map_err(|error| unwritable(name, &error))?;
        match self.create(&object).await {
            Tried {
                result: Err(ClusterError::AlreadyExists(text)),
                again: true,
            } => {
                // Our own first try may have made it; the id shows it, because ids are random.
                let ours = self
                    .record(name)
                    .await?
                    .filter(|record| record.container.id == container.id);
                ours.ok_or(ClusterError::AlreadyExists(text))
            }
            Tried { result, .. } => parsed(&result?),
        }
    }

    async fn record(&self, name: &RecordName) -> Result<Option<Record>, ClusterError> {
        let api = self.api::<ConfigMap>();
        let found = tried(&described::<ConfigMap>(&name.0), || api.get_opt(&name.0))
            .await
            .result?;
        found.as_ref().map(parsed).transpose()
    }

    async fn records(&self, scope: &Scope) -> Result<Vec<Record>, ClusterError> {
        let api = self.api::<ConfigMap>();
        let params = of_scope(scope);
        let list = tried("configmaps", || api.list(&params)).await.result?;
        Ok(parsed_of(scope, &list.items))
    }

    async fn update_record(&self, record: &Record) -> Result<Record, ClusterError> {
        let name = &record.name;
        let object =
            record::replacement(record, &self.config.namespace).map_err(|error| unwritable(name, &error))?;
        let api = self.api::<ConfigMap>();
        let replace = async || api.replace(&name.0, &PostParams::default(), &object).await;
        match tried(&described::<ConfigMap>(&name.0), replace).await {
            Tried {
                result: Err(ClusterError::Conflict(text)),
                again: true,
            } => {
                // The change may be our own first try.
                let now = self.record(name).await?;
                let ours = now.filter(|now| now.uid == record.uid && now.container == record.container);
                ours.ok_or(ClusterError::Conflict(text))
            }
            Tried { result, .. } => parsed(&result?),
        }
    }

    async fn delete_record(&self, record: &Record) -> Result<(), ClusterError> {
        let api = self.api::<ConfigMap>();
        let params = DeleteParams {
            preconditions: Some(Preconditions {
                uid: Some(record.uid.clone()),
                resource_version: None,
            }),
            ..DeleteParams::background()
        };
        match tried(&described::<ConfigMap>(&record.name.0), || {
            api.delete(&record.name.0, &params)
        })
        .await
        {
            Tried {
                result: Err(ClusterError::NotFound(_)),
                again: true,
            } => Ok(()),
            // The name has another uid by now: this record is gone.
            Tried {
                result: Err(ClusterError::Conflict(text)),
                ..
            } => Err(ClusterError::NotFound(text)),
            Tried { result, .. } => result.map(drop),
        }
    }

    async fn create_files(
        &self,
        record: &Record,
        number: u32,
        files: Vec<SecretFile>,
    ) -> Result<(), ClusterError> {
        let secret = files_secret::build(record, &self.config.namespace, number, &files);
        match self.create(&secret).await {
            Tried {
                result: Err(ClusterError::AlreadyExists(_)),
                again: true,
            } => Ok(()),
            Tried { result, .. } => result.map(drop),
        }
    }

    async fn launch(&self, launch: &Launch<'_>) -> Result<(), ClusterError> {
        let config = &self.config;
        let plan = Plan::of(launch, &config.rules.current(), config.default_uid);
        let pod = pod::build(launch, &plan, config, self.agent_volumes.choose(launch));
        let Some(task) = plan.task(launch) else {
            return there(self.create::<Pod>(&pod).await.result);
        };
        let secret = task_secret::build(
            launch.record,
            &task,
            &config.namespace,
            &config.token_key,
            &config.agent_ca_pem,
        )
        .map_err(|error| unwritable(&launch.record.name, &error))?;
        let (secret, pod) =
            futures::future::join(self.create::<Secret>(&secret), self.create::<Pod>(&pod)).await;
        there(pod.result)?;
        there(secret.result)
    }

    async fn delete_pod(&self, pod: &PodName, grace: Duration) -> Result<(), ClusterError> {
        let api = self.api::<Pod>();
        // Grace 0 would forget the Pod without ending its process.
        let grace = u32::try_from(grace.as_secs().max(1)).unwrap_or(u32::MAX);
        let params = DeleteParams::default().grace_period(grace);
        let deleted = tried(&described::<Pod>(&pod.0), || api.delete(&pod.0, &params)).await;
        deleted.result.map(drop)
    }

    async fn pod_names(&self, scope: &Scope) -> Result<HashSet<PodName>, ClusterError> {
        let api = self.api::<Pod>();
        let params = of_scope(scope);
        let list = tried("pods", || api.list_metadata(&params)).await.result?;
        Ok(list.items.iter().map(|pod| PodName(pod.name_any())).collect())
    }

    async fn blocked(&self, pod: &PodName) -> Result<Option<Cause>, ClusterError> {
        self.waits_for(pod).await
    }

    async fn owner(&self, caller: IpAddr) -> Result<Option<Owner>, ClusterError> {
        self.workload_at(caller).await
    }

    async fn tell(&self, record: &Record, news: &News) -> Result<(), ClusterError> {
        let events = event::all(record, &self.config.namespace, news);
        let told = events
            .iter()
            .map(async |event| there(self.create::<Event>(event).await.result));
        try_join_all(told).await.map(drop)
    }

    async fn logs(
        &self,
        pod: &PodName,
        since: Option<Timestamp>,
        tail: Option<usize>,
        follow: bool,
    ) -> Result<BoxStream<'static, Result<LogLine, ClusterError>>, ClusterError> {
        logs::open(self.api(), pod, (since, tail), follow).await
    }
}

/// Returns all containers of `scope` in a namespace, for commands that only read. Sends one request.
///
/// # Errors
/// Returns the API server's error.
pub async fn records(client: &Client, namespace: &str, scope: &Scope) -> kube::Result<Vec<Record>> {
    let api = Api::<ConfigMap>::namespaced(client.clone(), namespace);
    let list = api.list(&of_scope(scope)).await?;
    Ok(parsed_of(scope, &list.items))
}

fn of_scope(scope: &Scope) -> ListParams {
    ListParams::default().labels(&labels::selector(&scope.0))
}

/// Skips objects that are not records: the watch logs them.
fn parsed_of(scope: &Scope, objects: &[ConfigMap]) -> Vec<Record> {
    let records = objects.iter().filter_map(|object| record::parse(object).ok());
    records
        .filter(|record| record.container.scope == *scope)
        .collect()
}

/// Returns an object's kind and name, for messages.
fn described<K: Resource<DynamicType = ()>>(name: &str) -> String {
    format!("{} {name}", K::kind(&()).to_lowercase())
}

fn there<K>(created: Result<K, ClusterError>) -> Result<(), ClusterError> {
    match created {
        Ok(_) | Err(ClusterError::AlreadyExists(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

fn parsed(object: &ConfigMap) -> Result<Record, ClusterError> {
    let name = object.metadata.name.as_deref().unwrap_or_default();
    record::parse(object).map_err(|error| {
        ClusterError::Refused(format!("configmap {name} is not a record of chainpod: {error}"))
    })
}

fn unwritable(name: &RecordName, error: &serde_json::Error) -> ClusterError {
    ClusterError::Refused(format!("record {name} cannot be written: {error}"))
}

#[cfg(test)]
pub(crate) mod tests;
