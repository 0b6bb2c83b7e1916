//! Objects of an installation that are not needed any more, for an operator who removes them. Objects
//! without chainpod's labels are not considered.

use std::collections::HashSet;
use std::time::Duration;

use engine::container::{Container, Record};
use engine::name::{PodName, Scope};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{DeleteParams, ListParams, Preconditions};
use kube::{Api, Client};

use crate::{labels, owner, records};

/// A kind of object that chainpod creates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A record.
    ConfigMap,
    /// A Pod.
    Pod,
    /// The files of a container, or the task of its agent.
    Secret,
}

/// An object that is not needed any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Garbage {
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// The reason why it is not needed.
    pub why: String,
    uid: String,
    version: String,
}

/// The result of a search.
#[derive(Debug)]
pub struct Found {
    /// The objects that are not needed any more.
    pub garbage: Vec<Garbage>,
    /// All records, including those that are garbage.
    pub records: Vec<Record>,
    /// The reason why Secrets could not be listed, or none.
    pub unseen_secrets: Option<String>,
}

/// Looks for the garbage of `scope`. Containers that have ended, or never begun, are garbage after
/// `older_than`. Only the metadata of Secrets is read. Secrets are skipped if listing them is forbidden.
///
/// # Errors
/// Returns the API server's error.
pub async fn garbage(
    client: &Client,
    namespace: &str,
    scope: &Scope,
    older_than: Duration,
) -> kube::Result<Found> {
    let ours = ListParams::default().labels(&labels::selector(&scope.0));
    let pods = Api::<Pod>::namespaced(client.clone(), namespace);
    let secrets = Api::<Secret>::namespaced(client.clone(), namespace);
    // Pods and Secrets are listed before the records, so that the record of an object made meanwhile is
    // found.
    let pods = pods.list_metadata(&ours).await?.items;
    let (secrets, unseen_secrets) = match secrets.list_metadata(&ours).await {
        Ok(list) => (list.items, None),
        Err(kube::Error::Api(status)) if status.code == 403 => (Vec::new(), Some(status.message.clone())),
        Err(error) => return Err(error),
    };
    let records = records(client, namespace, scope).await?;
    let (pods, secrets): (Vec<_>, Vec<_>) = (
        pods.into_iter().map(|pod| pod.metadata).collect(),
        secrets.into_iter().map(|secret| secret.metadata).collect(),
    );
    Ok(Found {
        garbage: found(&records, (&pods, &secrets), scope, Timestamp::now() - older_than),
        records,
        unseen_secrets,
    })
}

/// Removes the object, unless it has changed since it was found. Succeeds if it is gone already.
///
/// # Errors
/// Returns the API server's error.
pub async fn remove(client: &Client, namespace: &str, garbage: &Garbage) -> kube::Result<()> {
    let params = DeleteParams {
        preconditions: Some(Preconditions {
            uid: Some(garbage.uid.clone()),
            resource_version: Some(garbage.version.clone()),
        }),
        ..DeleteParams::background()
    };
    let (client, name) = (client.clone(), garbage.name.as_str());
    let removed = match garbage.kind {
        Kind::ConfigMap => delete(&Api::<ConfigMap>::namespaced(client, namespace), name, &params).await,
        Kind::Pod => delete(&Api::<Pod>::namespaced(client, namespace), name, &params).await,
        Kind::Secret => delete(&Api::<Secret>::namespaced(client, namespace), name, &params).await,
    };
    match removed {
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        removed => removed,
    }
}

async fn delete<K>(api: &Api<K>, name: &str, params: &DeleteParams) -> kube::Result<()>
where
    K: Clone + std::fmt::Debug + serde::de::DeserializeOwned,
{
    api.delete(name, params).await.map(drop)
}

fn found(
    records: &[Record],
    (pods, secrets): (&[ObjectMeta], &[ObjectMeta]),
    scope: &Scope,
    before: Timestamp,
) -> Vec<Garbage> {
    let left = records.iter().filter_map(|record| {
        Some(Garbage {
            kind: Kind::ConfigMap,
            name: record.name.0.clone(),
            why: left(&record.container, before)?,
            uid: record.uid.clone(),
            version: record.version.clone(),
        })
    });
    let there: HashSet<_> = pods.iter().filter_map(|pod| pod.name.as_deref()).collect();
    let of = |kind, meta: &ObjectMeta, why: &str| Garbage {
        kind,
        name: meta.name.clone().unwrap_or_default(),
        why: why.to_owned(),
        uid: meta.uid.clone().unwrap_or_default(),
        version: meta.resource_version.clone().unwrap_or_default(),
    };
    let orphan = |meta: &ObjectMeta| is_orphan(meta, records, scope);
    let orphans = "its record is gone";
    let pods = pods.iter().filter(|pod| orphan(pod));
    let secrets = secrets.iter().filter_map(|secret| {
        let why = if orphan(secret) {
            orphans
        } else if is_of_earlier_start(secret, records, &there) {
            "it belongs to an earlier start, whose pod is gone"
        } else {
            return None;
        };
        Some(of(Kind::Secret, secret, why))
    });
    left.chain(pods.map(|pod| of(Kind::Pod, pod, orphans)))
        .chain(secrets)
        .collect()
}

/// Returns the reason why a container is not needed, if there is one.
fn left(container: &Container, before: Timestamp) -> Option<String> {
    if container.phase.is_live() {
        return None;
    }
    let exit = container.exit.as_ref();
    let since = exit.map_or(container.created, |exit| exit.finished_at);
    let name = &container.name;
    (since < before).then(|| match exit {
        Some(exit) => format!("container {name} exited with code {} at {since}", exit.code),
        None => format!("container {name} was created at {since} and never started"),
    })
}

/// Returns true if the object belonged to a record of `scope` that is gone.
fn is_orphan(meta: &ObjectMeta, records: &[Record], scope: &Scope) -> bool {
    let is_going = meta.deletion_timestamp.is_some();
    let mut owners = owner::records(meta).peekable();
    !is_going
        && owners.peek().is_some()
        && labels::is_of(meta, &scope.0)
        && owners.all(|uid| records.iter().all(|record| record.uid != uid))
}

fn is_of_earlier_start(secret: &ObjectMeta, records: &[Record], pods: &HashSet<&str>) -> bool {
    let Some(name) = secret.name.as_deref().filter(|name| !pods.contains(name)) else {
        return false;
    };
    owner::records(secret).any(|uid| {
        let mut records = records.iter();
        let Some(record) = records.find(|record| record.uid == uid) else {
            return false;
        };
        let container = &record.container;
        (1..container.starts).any(|start| PodName::new(&container.name, uid, start).0 == name)
    })
}

#[cfg(test)]
mod tests {
    use engine::phase::Phase;

    use super::*;
    use crate::record::sample;

    fn scope() -> Scope {
        sample::chaincode().container.scope
    }

    fn meta(record: &Record, name: &str) -> ObjectMeta {
        let mut meta = labels::metadata(name.to_owned(), "ns", &record.container);
        meta.owner_references = Some(vec![owner::reference(record, true)]);
        meta
    }

    fn names(records: &[Record], pods: &[ObjectMeta], secrets: &[ObjectMeta], before: &str) -> Vec<String> {
        let found = found(records, (pods, secrets), &scope(), before.parse().unwrap());
        found.into_iter().map(|garbage| garbage.name).collect()
    }

    #[test]
    fn what_has_no_record_is_garbage_and_what_has_one_is_not() {
        let record = sample::chaincode();
        let mut gone = record.clone();
        gone.uid = "gone".to_owned();
        let mut ours = [meta(&record, "kept"), meta(&gone, "left")];
        let soon = "2000-01-01T00:00:00Z";
        let records = [record.clone()];
        assert_eq!(names(&records, &ours, &[], soon), ["left"]);
        assert_eq!(names(&records, &[], &ours, soon), ["left"]);
        let mut others = ours.clone();
        let labels = others[1].labels.get_or_insert_default();
        labels.insert("app.kubernetes.io/instance".to_owned(), "another".to_owned());
        assert_eq!(names(&records, &others, &[], soon), [""; 0]);
        others[1].owner_references = None;
        assert_eq!(names(&records, &others, &[], soon), [""; 0]);
        ours[1].owner_references = None;
        assert_eq!(names(&records, &ours, &ours, soon), [""; 0]);
    }

    #[test]
    fn a_container_is_garbage_some_time_after_its_end() {
        let mut record = sample::chaincode();
        let of = |record: &Record, before| names(std::slice::from_ref(record), &[], &[], before);
        let (day, next) = ("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z");
        assert_eq!(of(&record, next), [""; 0]);
        for phase in [Phase::Exited, Phase::Created] {
            record.container.phase = phase;
            assert_eq!(of(&record, day), [""; 0]);
            assert_eq!(of(&record, next), [record.name.0.as_str()]);
        }
    }

    #[test]
    fn a_task_goes_with_its_pod_where_another_start_came_after_it() {
        let record = sample::chaincode();
        let tasks = [1, 2].map(|start| {
            let name = PodName::new(&record.container.name, &record.uid, start);
            meta(&record, &name.0)
        });
        let records = [record];
        let soon = "2000-01-01T00:00:00Z";
        assert_eq!(
            names(&records, &[], &tasks, soon),
            [tasks[0].name.clone().unwrap()]
        );
        assert_eq!(names(&records, &tasks[..1], &tasks, soon), [""; 0]);
    }
}
