//! The rules for Pods: the containers that a rule applies to, and the fields that it sets.

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
    /// The rule's name, for errors and for `chainpod explain`.
    pub name: String,
    /// The containers that the rule applies to. Without this key, it applies to all.
    #[serde(rename = "match")]
    #[cfg_attr(test, schemars(default))]
    pub matches: Match,
    /// Fields of their Pods.
    #[serde(flatten)]
    pub fields: PodFields,
}

/// The containers that a rule applies to. All conditions must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Match {
    /// The container's purpose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The image's full name, `docker.io/hyperledger/fabric-ccenv:2.5`. For a build, it is the image that builds.
    /// For chaincode, it is the base image. It is the name before a rewrite.
    #[serde(skip_serializing_if = "Globs::is_empty")]
    pub image: Globs,
    /// The chaincode's name. For Fabric 2.x and later, it is the label of the package.
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

/// Fields of Pods. A field that the rule does not set is left to other rules, to the client and to chainpod.
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
    /// Files by path. They are read-only.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, KeyRef>,
    /// The program's resources.
    #[serde(skip_serializing_if = "Resources::is_empty")]
    pub resources: Resources,
    /// Labels that the Pod's node must have.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub node_selector: BTreeMap<String, Text>,
    /// The Pod's tolerations for taints of nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerations: Option<Vec<Toleration>>,
    /// The nodes, and the other Pods near it, that the Pod prefers or needs.
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
    /// The ServiceAccount. Its token is not mounted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account_name: Option<String>,
    /// Labels of the Pod, in addition to chainpod's own.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, Text>,
    /// Annotations of the Pod, in addition to chainpod's own.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, Text>,
    /// The user's number. 0 is root, which the Pod Security Standard `restricted` refuses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_as_user: Option<i64>,
    /// Parts of a Pod, merged into it at the end as `kubectl patch` merges them. The program's container has the name
    /// of its role, `build` or `chaincode`. Use it only if no other field helps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<PodTemplateSpec>,
}

/// The resources of a program, by name: `cpu`, `memory`, `nvidia.com/gpu`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Resources {
    /// The amounts that its node reserves.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub requests: BTreeMap<String, Text>,
    /// The amounts that it may use at most.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub limits: BTreeMap<String, Text>,
}

impl Resources {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The value of a variable.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum EnvValue {
    /// A text.
    Text(Text),
    /// A source, as in a Pod's `valueFrom`.
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
    /// The ConfigMap. Give either this or `secret`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_map: Option<String>,
    /// The Secret. Give either this or `configMap`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// The key in the ConfigMap or Secret.
    pub key: String,
}

/// A [`KeyRef`] as it is written.
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "KeyRef"))]
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Named {
    /// The ConfigMap. Give either this or `secret`.
    config_map: Option<String>,
    /// The Secret. Give either this or `configMap`.
    secret: Option<String>,
    /// The key in the ConfigMap or Secret.
    key: String,
}

impl TryFrom<Named> for KeyRef {
    type Error = &'static str;

    fn try_from(named: Named) -> Result<Self, Self::Error> {
        if named.config_map.is_some() == named.secret.is_some() {
            return Err("either configMap or secret is expected");
        }
        Ok(Self {
            config_map: named.config_map,
            secret: named.secret,
            key: named.key,
        })
    }
}
