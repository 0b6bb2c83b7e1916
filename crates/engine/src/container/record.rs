//! A container, and the record that Kubernetes keeps of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::exit::{Exit, KeptLine};
use super::spec::Spec;
use super::upload::Upload;
use crate::fabric::BuiltFor;
use crate::image::{Digest, Image, ImageCommand};
use crate::name::{BootId, ContainerId, PodName, RecordName, Scope};
use crate::news::News;
use crate::phase::Phase;

/// A container's purpose.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Compiles chaincode: its image was not built through chainpod.
    Build,
    /// Runs chaincode: its image was built through chainpod.
    Chaincode,
}

impl Role {
    /// Returns the role's name in labels, lists and metrics, which is also its name in the record.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Chaincode => "chaincode",
        }
    }
}

/// The Kubernetes object that the calling peer belongs to. The container is deleted with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Owner {
    /// `apps/v1`.
    pub api_version: String,
    /// `Deployment`, `StatefulSet`.
    pub kind: String,
    /// The object's name.
    pub name: String,
    /// The object's uid.
    pub uid: String,
}

/// One container, as its record holds it. The contents of uploads are kept elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Container {
    /// Docker's id.
    pub id: ContainerId,
    /// Docker's name, without the slash.
    pub name: String,
    /// The installation that the container belongs to.
    pub scope: Scope,
    /// The purpose of the container.
    pub role: Role,
    /// The client's request.
    pub spec: Spec,
    /// The chaincode that a build container compiles, as far as it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub built_for: Option<BuiltFor>,
    /// The workload of the peer that created it, if it was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
    /// The image, as it was found when the container was created.
    pub image: Image,
    /// The time of its creation.
    pub created: Timestamp,
    /// Its phase.
    pub phase: Phase,
    /// The number of its starts. It is part of the Pod's name.
    pub starts: u32,
    /// The start that the current one repeats because its Pod had no agent. See
    /// [`PodState::NoAgent`](crate::ports::PodState::NoAgent).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<u32>,
    /// The uploads, in order.
    pub uploads: Vec<Upload>,
    /// The time at which the program last started.
    pub started_at: Option<Timestamp>,
    /// The last exit of the program.
    pub exit: Option<Exit>,
    /// Its outputs: directory → uncompressed tar.
    pub outputs: BTreeMap<String, Digest>,
    /// The last lines that it wrote. See `engine::end::last_lines`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub last_lines: Vec<KeptLine>,
    /// The image's own command, if a start had to look it up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_command: Option<ImageCommand>,
    /// The news of its ends that is not announced yet: one entry for each end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub untold: Vec<News>,
    /// The process that starts the container or has a wait for it open. See `engine::end::orphans`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<BootId>,
}

impl Container {
    /// Returns Docker's labels: the labels of the image, overridden by the labels of the request.
    #[must_use]
    pub fn docker_labels(&self) -> BTreeMap<String, String> {
        let overlay = self.image.overlay.as_ref();
        let mut labels = overlay.map(|overlay| overlay.labels.clone()).unwrap_or_default();
        labels.extend(self.spec.labels.clone());
        labels
    }

    /// Returns true if that start, or its repetition, is the current one.
    #[must_use]
    pub fn is_at(&self, start: u32) -> bool {
        self.starts == start || self.repeats == Some(start)
    }

    /// Creates a container now. Its role depends on its image.
    #[must_use]
    pub fn new(name: String, scope: Scope, spec: Spec, image: Image) -> Self {
        Self {
            id: ContainerId::random(),
            name,
            scope,
            role: if image.overlay.is_some() {
                Role::Chaincode
            } else {
                Role::Build
            },
            spec,
            built_for: None,
            owner: None,
            image,
            created: Timestamp::now(),
            phase: Phase::Created,
            starts: 0,
            repeats: None,
            uploads: Vec::new(),
            started_at: None,
            exit: None,
            outputs: BTreeMap::new(),
            last_lines: Vec::new(),
            image_command: None,
            untold: Vec::new(),
            holder: None,
        }
    }
}

/// A record as Kubernetes keeps it: the container, the name of its object, and the object's version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The object's name.
    pub name: RecordName,
    /// The object's uid. A later container of the same name has another uid.
    pub uid: String,
    /// The object's `resourceVersion`, for compare-and-swap. Opaque.
    pub version: String,
    /// The metadata that the object had when it was read, in the adapter's own form. Opaque: others may have
    /// changed it, and a replacement keeps it.
    pub metadata: Arc<str>,
    /// The container.
    pub container: Container,
}

impl Record {
    /// Returns the name of the current start's Pod. It is derived from the record's uid and the start
    /// counter, so that a repeated start finds the same Pod and does not make a second one.
    #[must_use]
    pub fn pod_name(&self) -> PodName {
        PodName::new(&self.container.name, &self.uid, self.container.starts)
    }
}
