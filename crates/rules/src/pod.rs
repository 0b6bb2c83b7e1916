//! The rules of Pods: which containers they are about, and what those have.

use std::collections::BTreeMap;

use engine::container::Role;
use k8s_openapi::api::core::v1::{Affinity, EnvVarSource, PodTemplateSpec, Toleration};
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::Value;

use crate::{Globs, Text};

/// One rule.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PodRule {
    /// Its name, for errors and for `chainpod explain`.
    pub name: String,
    /// Which containers it is about; all where it says nothing.
    #[serde(rename = "match")]
    #[cfg_attr(test, schemars(default))]
    pub matches: Match,
    /// What their Pods have.
    #[serde(flatten)]
    pub fields: PodFields,
}

/// Which containers a rule is about: all that it says must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Match {
    /// What the container is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The image's whole name, `docker.io/hyperledger/fabric-ccenv:2.5`: of a build, the one that builds; of
    /// chaincode, the base that it was built on. It is the name before any rewriting.
    #[serde(skip_serializing_if = "Globs::is_empty")]
    pub image: Globs,
    /// The chaincode's name, of 2.x and later its package's label.
    #[serde(skip_serializing_if = "Globs::is_empty")]
    pub chaincode: Globs,
    /// The MSP of its peer.
    #[serde(skip_serializing_if = "Globs::is_empty")]
    pub msp: Globs,
    /// The peer's id.
    #[serde(skip_serializing_if = "Globs::is_empty")]
    pub peer: Globs,
    /// Docker's labels of the container, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, Globs>,
}

/// What Pods have. What is not said is left to other rules, to the client and to chainpod.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, rename_all = "camelCase")]
pub struct PodFields {
    /// Environment variables of the program.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, EnvValue>,
    /// The certificates that programs trust, PEM: mounted, and announced through the variables that OpenSSL, Go,
    /// Node, Java, git, curl and pip read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_bundle: Option<KeyRef>,
    /// Files, by their path; nobody can write to them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, KeyRef>,
    /// What the program asks of its node, and has at most.
    #[serde(skip_serializing_if = "Resources::is_empty")]
    pub resources: Resources,
    /// Labels that the Pod's node must have.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub node_selector: BTreeMap<String, Text>,
    /// Taints of nodes that the Pod bears.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerations: Option<Vec<Toleration>>,
    /// Which nodes, and which other Pods near it, the Pod prefers or needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub affinity: Option<Affinity>,
    /// The RuntimeClass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime_class_name: Option<String>,
    /// Secrets with the credentials of registries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_pull_secrets: Option<Vec<String>>,
    /// The PriorityClass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority_class_name: Option<String>,
    /// The ServiceAccount; its token is not mounted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account_name: Option<String>,
    /// Labels of the Pod, beside chainpod's own.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, Text>,
    /// Annotations of the Pod, beside chainpod's own.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, Text>,
    /// The user's number; 0 is root, which the Pod Security Standard `restricted` refuses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_as_user: Option<i64>,
    /// Parts of a Pod, merged into it at the end as `kubectl patch` merges them. The program's container has the name
    /// of its role, `build` or `chaincode`. The last resort.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<PodTemplateSpec>,
}

/// What a program asks of its node, and has at most, by resource: `cpu`, `memory`, `nvidia.com/gpu`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Resources {
    /// What is kept for it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub requests: BTreeMap<String, Text>,
    /// What it may have.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub limits: BTreeMap<String, Text>,
}

impl Resources {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What a variable has.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum EnvValue {
    /// This text.
    Text(Text),
    /// What is found there, as in a Pod's `valueFrom`.
    From(Box<EnvVarSource>),
}

impl<'de> Deserialize<'de> for EnvValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if let Some(text) = Text::of(&value) {
            return Ok(Self::Text(text));
        }
        let source = serde_path_to_error::deserialize(value).map_err(de::Error::custom)?;
        Ok(Self::From(Box::new(source)))
    }
}

/// A key of a ConfigMap or of a Secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", try_from = "Named")]
pub struct KeyRef {
    /// The ConfigMap; this or `secret`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_map: Option<String>,
    /// The Secret; this or `configMap`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// The key in it.
    pub key: String,
}

/// A [`KeyRef`] as it is written.
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "KeyRef"))]
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Named {
    /// The ConfigMap; this or `secret`.
    config_map: Option<String>,
    /// The Secret; this or `configMap`.
    secret: Option<String>,
    /// The key in it.
    key: String,
}

impl TryFrom<Named> for KeyRef {
    type Error = &'static str;

    fn try_from(named: Named) -> Result<Self, Self::Error> {
        if named.config_map.is_some() == named.secret.is_some() {
            return Err("configMap or secret is expected, one of them");
        }
        Ok(Self {
            config_map: named.config_map,
            secret: named.secret,
            key: named.key,
        })
    }
}
