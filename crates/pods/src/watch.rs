//! What the API server tells of our objects, as events for the engine: one
//! watcher per kind, started anew for ever. An object that vanished while we
//! did not listen is missed at the next list and told as gone.

use std::collections::{HashMap, HashSet};
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use backon::ExponentialBuilder;
use engine::ports::{Event, PodSeen};
use futures::StreamExt;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::runtime::utils::ResetTimerBackoff;
use kube::runtime::watcher::ExponentialBackoff;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Resource, ResourceExt};
use serde::de::DeserializeOwned;

use crate::{KubeCluster, labels, record, status};

/// The pause before a broken watch is started anew for the first time.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// The longest pause: so late the end of an outage may be noticed. There are two watches of each
/// chainpod, so the API server is not flooded.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// A watch that has lasted so long has worked.
const WORKED: Duration = Duration::from_secs(20);

/// What is told of one kind.
#[derive(Debug)]
pub enum Told {
    /// What has happened to an object.
    Event(Event),
    /// All objects of that kind that were there have been told.
    Listed(&'static str),
    /// The watch of that kind broke, and is started anew.
    Broke(&'static str),
}

/// The kinds that [`watch`] tells of.
pub const WATCHED: [&str; 2] = ["ConfigMap", "Pod"];

/// Tells `sink` all that happens to the records and Pods of the cluster's instance, from a first
/// list on. It does not end.
pub async fn watch(cluster: Arc<KubeCluster>, sink: impl Fn(Told) + Send + Sync + 'static) {
    let instance = cluster.instance().to_owned();
    let records = follow(
        &cluster,
        Known::new(|object| record_seen(object, &instance)),
        &sink,
    );
    let pods = follow(&cluster, Known::new(|pod| pod_seen(&cluster, pod)), &sink);
    futures::future::join(records, pods).await;
}

async fn follow<K>(cluster: &KubeCluster, mut known: Known<impl Fn(&K) -> Option<Seen>>, sink: &impl Fn(Told))
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
        + k8s_openapi::Resource
        + Clone
        + Debug
        + DeserializeOwned
        + Send
        + 'static,
{
    let config = watcher::Config::default().labels(&labels::selector(cluster.instance()));
    let mut events = std::pin::pin!(watcher(cluster.api::<K>(), config).backoff(pauses()));
    while let Some(event) = events.next().await {
        match event {
            Ok(event) => {
                known.step(&event).into_iter().map(Told::Event).for_each(sink);
                if matches!(event, watcher::Event::InitDone) {
                    sink(Told::Listed(K::KIND));
                }
            }
            Err(error) => {
                tracing::warn!(kind = K::KIND, %error, "the watch broke and is started anew");
                sink(Told::Broke(K::KIND));
            }
        }
    }
}

/// The pauses before a watch is started anew. They grow until it has worked for a while: one that
/// is refused at once begins well each time.
fn pauses() -> ResetTimerBackoff<ExponentialBackoff> {
    let growing = ExponentialBuilder::default()
        .with_min_delay(FIRST_PAUSE)
        .with_max_delay(LONGEST_PAUSE)
        .without_max_times()
        .with_jitter();
    ResetTimerBackoff::new(growing.into(), WORKED)
}

/// An object as events: that it is there, and, for later, that it is gone.
struct Seen {
    there: Event,
    gone: Event,
}

fn record_seen(object: &ConfigMap, instance: &str) -> Option<Seen> {
    let record = match record::parse(object) {
        Ok(record) => record,
        Err(error) => {
            tracing::warn!(configmap = object.name_any(), %error, "a configmap has our labels and is no record");
            return None;
        }
    };
    // Two instances' names may be one label's value.
    (record.container.scope.0 == instance).then(|| Seen {
        gone: Event::RecordGone(record.name.clone(), record.uid.clone()),
        there: Event::Record(Box::new(record)),
    })
}

fn pod_seen(cluster: &KubeCluster, pod: &Pod) -> Option<Seen> {
    let seen = status::seen(pod).map(|seen| PodSeen {
        state: cluster.learn(pod).unwrap_or_else(|| seen.state.clone()),
        ..seen
    });
    if seen.is_none() && !labels::is_of_doctor(&pod.metadata) {
        tracing::warn!(pod = pod.name_any(), "a pod has our labels and no record");
    }
    seen.map(|seen| Seen {
        there: Event::Pod(seen.clone()),
        gone: Event::PodGone(seen),
    })
}

/// What was told of one kind, by uid.
struct Known<F> {
    read: F,
    /// What to tell when the object is gone.
    gone: HashMap<String, Event>,
    /// Not ours: told once, then skipped.
    strange: HashSet<String>,
    /// Who was there in the list that is under way.
    listed: HashSet<String>,
}

impl<F> Known<F> {
    fn new<K>(read: F) -> Self
    where
        F: Fn(&K) -> Option<Seen>,
    {
        Self {
            read,
            gone: HashMap::new(),
            strange: HashSet::new(),
            listed: HashSet::new(),
        }
    }

    fn step<K: Resource>(&mut self, event: &watcher::Event<K>) -> Vec<Event>
    where
        F: Fn(&K) -> Option<Seen>,
    {
        match event {
            watcher::Event::Init => {
                self.listed.clear();
                Vec::new()
            }
            watcher::Event::InitApply(object) => {
                self.listed.insert(object.uid().unwrap_or_default());
                self.there(object).into_iter().collect()
            }
            watcher::Event::Apply(object) => self.there(object).into_iter().collect(),
            watcher::Event::Delete(object) => self.deleted(object).into_iter().collect(),
            watcher::Event::InitDone => {
                let listed = std::mem::take(&mut self.listed);
                self.strange.retain(|uid| listed.contains(uid));
                self.gone
                    .extract_if(|uid, _| !listed.contains(uid))
                    .map(|(_, event)| event)
                    .collect()
            }
        }
    }

    fn there<K: Resource>(&mut self, object: &K) -> Option<Event>
    where
        F: Fn(&K) -> Option<Seen>,
    {
        let uid = object.uid().unwrap_or_default();
        if self.strange.contains(&uid) {
            return None;
        }
        match (self.read)(object) {
            Some(seen) => {
                self.gone.insert(uid, seen.gone);
                Some(seen.there)
            }
            None => {
                self.strange.insert(uid);
                None
            }
        }
    }

    /// The object as it was at its end: a Pod's last status may be its only word of how it ended.
    fn deleted<K: Resource>(&mut self, object: &K) -> Option<Event>
    where
        F: Fn(&K) -> Option<Seen>,
    {
        let uid = object.uid().unwrap_or_default();
        if self.strange.remove(&uid) {
            return None;
        }
        let told = self.gone.remove(&uid);
        (self.read)(object).map(|seen| seen.gone).or(told)
    }
}

#[cfg(test)]
mod tests;
