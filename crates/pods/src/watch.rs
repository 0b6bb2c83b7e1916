//! The watch: reports changes of chainpod's objects to the engine as events. There is one watcher for each
//! kind, and a broken watcher is always started again. If an object vanishes while no watch is open, the next
//! list lacks it, and it is reported as gone.

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

/// The pause before a broken watch is started again for the first time.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// The longest pause. The end of an outage is noticed after this time at most. A chainpod has only two
/// watches, so this does not overload the API server.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// The duration after which a watch counts as working.
const WORKED: Duration = Duration::from_secs(20);

/// A report about one kind of objects.
#[derive(Debug)]
pub enum Told {
    /// A change of an object.
    Event(Event),
    /// All objects of that kind that existed have been reported.
    Listed(&'static str),
    /// The watch of that kind broke, and is started again.
    Broke(&'static str),
}

/// The kinds that [`watch`] reports on.
pub const WATCHED: [&str; 2] = ["ConfigMap", "Pod"];

/// Reports all changes of the instance's records and Pods to `sink`, beginning with a first list. Never ends.
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
                tracing::warn!(kind = K::KIND, %error, "the watch broke; starting it again");
                sink(Told::Broke(K::KIND));
            }
        }
    }
}

/// Returns the pauses before a watch is started again. They grow until the watch has worked for a while,
/// because even a watch that is refused at once first appears to work.
fn pauses() -> ResetTimerBackoff<ExponentialBackoff> {
    let growing = ExponentialBuilder::default()
        .with_min_delay(FIRST_PAUSE)
        .with_max_delay(LONGEST_PAUSE)
        .without_max_times()
        .with_jitter();
    ResetTimerBackoff::new(growing.into(), WORKED)
}

/// The events of an object: one that it exists, and one for later, that it is gone.
struct Seen {
    there: Event,
    gone: Event,
}

fn record_seen(object: &ConfigMap, instance: &str) -> Option<Seen> {
    let record = match record::parse(object) {
        Ok(record) => record,
        Err(error) => {
            tracing::warn!(configmap = object.name_any(), %error, "a configmap has chainpod's labels but is not a record");
            return None;
        }
    };
    // The names of two instances may give the same label value.
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
        tracing::warn!(pod = pod.name_any(), "a pod has chainpod's labels but no record");
    }
    seen.map(|seen| Seen {
        there: Event::Pod(seen.clone()),
        gone: Event::PodGone(seen),
    })
}

/// The reports about one kind so far, by uid.
struct Known<F> {
    read: F,
    /// The event to report when the object is gone.
    gone: HashMap<String, Event>,
    /// Objects that are not valid: they are logged once, then skipped.
    strange: HashSet<String>,
    /// The objects in the list that is being read.
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

    /// Returns the event that the object is gone, with its last state: a Pod's last status may be the only
    /// report of its end.
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
