//! A persistent volume: a folder of this machine, for the first claim that names no
//! class, or for one claim. There is no provisioner: who needs a volume makes it first.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::{Cluster, NODE, Namespace};

/// A volume, and the cluster's default StorageClass, which has it alone. Both are removed when it is dropped.
pub struct Volume {
    cluster: Cluster,
    name: String,
    folder: PathBuf,
}

impl Volume {
    /// Makes the volume on the first node, with a default StorageClass of its own.
    ///
    /// # Errors
    /// Returns kubectl's error.
    pub fn create(cluster: &Cluster, name: &str) -> Result<Self> {
        let volume = Self::folder_of(cluster, name)?;
        let class = json!({
            "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
            "metadata": {"name": name, "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
            "provisioner": "kubernetes.io/no-provisioner", "volumeBindingMode": "WaitForFirstConsumer",
        });
        let persistent = volume.object("ReadWriteOnce", name);
        cluster.apply(&format!("{class}\n---\n{persistent}"))?;
        Ok(volume)
    }

    /// Makes the volume on the first node for an existing claim of any class. Many Pods may write to it.
    ///
    /// # Errors
    /// Returns kubectl's error.
    pub fn for_claim(namespace: &Namespace, claim: &str) -> Result<Self> {
        let cluster = namespace.cluster();
        let class = "--output=jsonpath={.spec.storageClassName}";
        let class = namespace.kubectl(&["get", "persistentvolumeclaim", claim, class])?;
        let volume = Self::folder_of(cluster, &format!("{}-{claim}", namespace.name()))?;
        let mut object = volume.object("ReadWriteMany", &class);
        object["spec"]["claimRef"] = json!({"namespace": namespace.name(), "name": claim});
        cluster.apply(&object.to_string())?;
        Ok(volume)
    }

    fn folder_of(cluster: &Cluster, name: &str) -> Result<Self> {
        let folder = cluster.run.join("volumes").join(name);
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Self {
            cluster: cluster.clone(),
            name: name.to_owned(),
            folder,
        })
    }

    fn object(&self, access: &str, class: &str) -> Value {
        let node = json!({"key": "kubernetes.io/hostname", "operator": "In", "values": [NODE]});
        json!({
            "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": self.name},
            "spec": {
                "capacity": {"storage": "100Gi"}, "accessModes": [access], "storageClassName": class,
                "persistentVolumeReclaimPolicy": "Retain",
                // Unlike hostPath it is given to the Pod's fsGroup, as real volumes are.
                "local": {"path": self.folder},
                "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [node]}]}},
            },
        })
    }

    /// The folder.
    #[must_use]
    pub const fn folder(&self) -> &PathBuf {
        &self.folder
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        let name = &self.name;
        for kind in ["persistentvolume", "storageclass"] {
            let delete = ["delete", kind, name, "--wait=false", "--ignore-not-found"];
            if let Err(error) = self.cluster.kubectl(&delete) {
                eprintln!("cannot delete {kind} {name}: {error:#}");
            }
        }
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            eprintln!("cannot remove {}: {error}", self.folder.display());
        }
    }
}
