//! What the API server tells of our objects, as events for the engine: one
//! watcher per kind, started anew for ever. An object that vanished while we
//! did not listen is missed at the next list and told as gone.

use std::collections::{HashMap, HashSet};
use std::fmt::Debug;
use std::sync::Arc;

use engine::ports::Event;
use futures::StreamExt;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Resource, ResourceExt};
use serde::de::DeserializeOwned;

use crate::{KubeCluster, labels, record, status};

/// Tells `sink` all that happens to the records and Pods of the cluster's instance, from a first
/// list on. It does not end.
pub async fn watch(cluster: Arc<KubeCluster>, sink: impl Fn(Event) + Send + Sync + 'static) {
    let instance = cluster.instance().to_owned();
    let records = follow(
        &cluster,
        Known::new(|object| record_seen(object, &instance)),
        &sink,
    );
    let pods = follow(&cluster, Known::new(pod_seen), &sink);
    futures::future::join(records, pods).await;
}

async fn follow<K>(
    cluster: &KubeCluster,
    mut known: Known<impl Fn(&K) -> Option<Seen>>,
    sink: &impl Fn(Event),
) where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
        + Clone
        + Debug
        + DeserializeOwned
        + Send
        + 'static,
{
    let config = watcher::Config::default().labels(&labels::selector(cluster.instance()));
    let mut events = std::pin::pin!(watcher(cluster.api::<K>(), config).default_backoff());
    while let Some(event) = events.next().await {
        match event {
            Ok(event) => known.step(&event).into_iter().for_each(sink),
            Err(error) => tracing::warn!(kind = %K::kind(&()), %error, "the watch broke and is started anew"),
        }
    }
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

fn pod_seen(pod: &Pod) -> Option<Seen> {
    let seen = status::seen(pod);
    if seen.is_none() {
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
mod tests {
    use super::*;
    use crate::record::sample;
    use kube::runtime::watcher::Event as Watched;

    fn object(uid: &str) -> ConfigMap {
        let mut record = sample::chaincode();
        record.uid = uid.to_owned();
        record::replacement(&record, "ns").unwrap()
    }

    /// `+UID` for there, `-UID` for gone.
    fn told(events: Vec<Event>) -> Vec<String> {
        let text = |event| match event {
            Event::Record(record) => format!("+{}", record.uid),
            Event::RecordGone(_, uid) => format!("-{uid}"),
            other => format!("{other:?}"),
        };
        events.into_iter().map(text).collect()
    }

    #[test]
    fn what_vanished_between_two_lists_is_told_as_gone() {
        let mut known = Known::new(|object: &ConfigMap| record_seen(object, "lab"));
        let mut step = |event| told(known.step(&event));
        assert!(step(Watched::Init).is_empty());
        assert_eq!(step(Watched::InitApply(object("a"))), ["+a"]);
        assert!(step(Watched::InitDone).is_empty());
        assert_eq!(step(Watched::Apply(object("b"))), ["+b"]);
        assert_eq!(step(Watched::Apply(object("c"))), ["+c"]);
        assert_eq!(step(Watched::Delete(object("c"))), ["-c"]);
        step(Watched::Init);
        assert_eq!(step(Watched::InitApply(object("b"))), ["+b"]);
        assert_eq!(step(Watched::InitDone), ["-a"]);
    }

    #[test]
    fn what_is_not_ours_is_skipped() {
        let mut known = Known::new(|object: &ConfigMap| record_seen(object, "other"));
        assert!(known.step(&Watched::Apply(object("a"))).is_empty());
        assert!(known.step(&Watched::Delete(object("a"))).is_empty());
    }
}
