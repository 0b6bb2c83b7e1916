//! The owner of a Pod that has an address: the topmost workload that manages it. It is a Deployment and not
//! its ReplicaSet: old ReplicaSets are garbage-collected, and running chaincode would be deleted with them.

use std::net::IpAddr;

use engine::container::Owner;
use engine::ports::ClusterError;
use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::api::ListParams;

use super::{KubeCluster, described};
use crate::retry::tried;

/// The kind of object through which a Deployment manages its Pods.
const REPLICA_SET: &str = "ReplicaSet";
/// The phases of Pods whose address may belong to another Pod by now.
const OVER: [&str; 2] = ["Succeeded", "Failed"];

impl KubeCluster {
    /// Returns the workload of the only Pod of this namespace at that address. A Pod without a controller is
    /// its own workload.
    pub(super) async fn workload_at(&self, address: IpAddr) -> Result<Option<Owner>, ClusterError> {
        let pods = self.api::<Pod>();
        // Any state of the API server's cache is recent enough: a Pod that calls has had its address for a
        // while.
        let at = ListParams::default()
            .fields(&format!("status.podIP={address}"))
            .match_any();
        let list = tried("pods", || pods.list(&at)).await.result?;
        let Some(pod) = the_only_one(list.items) else {
            return Ok(None);
        };
        let Some(controller) = controller(&pod.metadata) else {
            return Ok(itself(&pod.metadata));
        };
        if controller.kind != REPLICA_SET {
            return Ok(Some(owner(controller)));
        }
        let sets = self.api::<ReplicaSet>();
        let name = &controller.name;
        let set = tried(&described::<ReplicaSet>(name), || sets.get_opt(name))
            .await
            .result?;
        let set = set.filter(|set| set.metadata.uid.as_ref() == Some(&controller.uid));
        Ok(set.map(|set| owner(self::controller(&set.metadata).unwrap_or(controller))))
    }
}

/// Returns the Pod if it is the only one that has not ended. A Pod on the node's own network gives `None`: it
/// shares its address with the node's other processes.
fn the_only_one(pods: Vec<Pod>) -> Option<Pod> {
    let is_node = |pod: &Pod| {
        pod.spec
            .as_ref()
            .is_some_and(|spec| spec.host_network == Some(true))
    };
    let is_over = |pod: &Pod| {
        let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
        phase.is_some_and(|phase| OVER.contains(&phase))
    };
    let mut living = pods.into_iter().filter(|pod| !is_over(pod));
    let only = living.next().filter(|pod| !is_node(pod))?;
    living.next().is_none().then_some(only)
}

fn controller(meta: &ObjectMeta) -> Option<&OwnerReference> {
    let owners = meta.owner_references.iter().flatten();
    owners.into_iter().find(|owner| owner.controller == Some(true))
}

fn owner(reference: &OwnerReference) -> Owner {
    Owner {
        api_version: reference.api_version.clone(),
        kind: reference.kind.clone(),
        name: reference.name.clone(),
        uid: reference.uid.clone(),
    }
}

fn itself(meta: &ObjectMeta) -> Option<Owner> {
    Some(Owner {
        api_version: "v1".to_owned(),
        kind: "Pod".to_owned(),
        name: meta.name.clone()?,
        uid: meta.uid.clone()?,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::cluster::tests::{cluster, failure};

    const ADDRESS: &str = "10.244.0.7";

    fn owned(kind: &str, name: &str, by: Option<[&str; 2]>) -> Value {
        let owners = by.map(|[kind, name]| {
            json!([{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": format!("uid-{name}"), "controller": true}])
        });
        let version = if kind == "Pod" { "v1" } else { "apps/v1" };
        json!({
            "apiVersion": version, "kind": kind,
            "metadata": {"name": name, "uid": format!("uid-{name}"), "ownerReferences": owners},
        })
    }

    /// Returns the owner that is found for a caller, given these answers, as `KIND/NAME`.
    async fn told(pods: Value, set: Option<Value>) -> Option<String> {
        let (cluster, asked) = cluster(move |_, line| match (line.contains("replicasets"), &set) {
            (false, _) => (
                200,
                json!({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": pods}),
            ),
            (true, Some(set)) => (200, set.clone()),
            (true, None) => failure(404, "NotFound"),
        });
        let owner = cluster.workload_at(ADDRESS.parse().unwrap()).await.unwrap();
        let asked = asked.lock().unwrap();
        assert!(
            asked[0].contains("fieldSelector=status.podIP%3D10.244.0.7"),
            "{asked:?}"
        );
        owner.map(|owner| format!("{}/{}", owner.kind, owner.name))
    }

    #[tokio::test]
    async fn the_owner_is_the_workload_and_no_replica_set() {
        let of_set = json!([owned("Pod", "peer0-x", Some(["ReplicaSet", "peer0-1"]))]);
        let set = owned("ReplicaSet", "peer0-1", Some(["Deployment", "peer0"]));
        assert_eq!(told(of_set.clone(), Some(set)).await.unwrap(), "Deployment/peer0");
        let alone = owned("ReplicaSet", "peer0-1", None);
        assert_eq!(
            told(of_set.clone(), Some(alone)).await.unwrap(),
            "ReplicaSet/peer0-1"
        );
        assert_eq!(told(of_set, None).await, None);
        let stateful = json!([owned("Pod", "peer0-0", Some(["StatefulSet", "peer0"]))]);
        assert_eq!(told(stateful, None).await.unwrap(), "StatefulSet/peer0");
        let bare = json!([owned("Pod", "peer0", None)]);
        assert_eq!(told(bare, None).await.unwrap(), "Pod/peer0");
    }

    #[tokio::test]
    async fn who_cannot_be_told_is_nobody() {
        let mut node = owned("Pod", "proxy", None);
        node["spec"] = json!({"hostNetwork": true, "containers": []});
        let mut over = owned("Pod", "job", None);
        over["status"] = json!({"phase": "Succeeded"});
        for pods in [
            json!([]),
            json!([node]),
            json!([over]),
            json!([owned("Pod", "a", None), owned("Pod", "b", None)]),
        ] {
            assert_eq!(told(pods.clone(), None).await, None, "{pods}");
        }
        let both = json!([over, owned("Pod", "peer0", None)]);
        assert_eq!(told(both, None).await.unwrap(), "Pod/peer0");
    }
}
