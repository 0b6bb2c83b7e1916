//! A container, and the record that Kubernetes keeps of it.

use std::collections::BTreeMap;

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
    /// Its word in labels, lists and metrics, as in the record.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Chaincode => "chaincode",
        }
    }
}

/// The Kubernetes object that the calling peer belongs to: its container goes with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Owner {
    /// `apps/v1`.
    pub api_version: String,
    /// `Deployment`, `StatefulSet`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
}

/// One container: what its record holds. Contents of uploads are elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Container {
    /// Docker's id.
    pub id: ContainerId,
    /// Docker's name, without the slash.
    pub name: String,
    /// Whose it is.
    pub scope: Scope,
    /// What it is for.
    pub role: Role,
    /// What was asked for.
    pub spec: Spec,
    /// Whose chaincode it compiles, as far as that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub built_for: Option<BuiltFor>,
    /// Whose peer asked for it, where that can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
    /// The image as it was found at create.
    pub image: Image,
    /// When it was created.
    pub created: Timestamp,
    /// Where it is in its life.
    pub phase: Phase,
    /// How often it has been started; part of the Pod's name.
    pub starts: u32,
    /// The start that the current one repeats, its Pod having had no agent; see
    /// [`PodState::NoAgent`](crate::ports::PodState::NoAgent).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<u32>,
    /// The uploads, in order.
    pub uploads: Vec<Upload>,
    /// When the program last started.
    pub started_at: Option<Timestamp>,
    /// How it last ended.
    pub exit: Option<Exit>,
    /// What it left behind: directory → uncompressed tar.
    pub outputs: BTreeMap<String, Digest>,
    /// The end of what it last wrote; see `engine::keep`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub last_lines: Vec<KeptLine>,
    /// What its image runs by itself, where a start had to know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_command: Option<ImageCommand>,
    /// The news of its ends that have not been told yet: one for each end, for a moment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub untold: Vec<News>,
    /// Whose call waits for it or is starting it; see `engine::hold`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<BootId>,
}

impl Container {
    /// Docker's labels: the image's, and over them the request's.
    #[must_use]
    pub fn docker_labels(&self) -> BTreeMap<String, String> {
        let overlay = self.image.overlay.as_ref();
        let mut labels = overlay.map(|overlay| overlay.labels.clone()).unwrap_or_default();
        labels.extend(self.spec.labels.clone());
        labels
    }

    /// Whether it is at that start, or at its repetition.
    #[must_use]
    pub fn is_at(&self, start: u32) -> bool {
        self.starts == start || self.repeats == Some(start)
    }

    /// A container that is created now; its image says what it is for.
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

/// A record as Kubernetes keeps it: the container, which object it is and which state of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The object's name.
    pub name: RecordName,
    /// The object's uid: a container of the same name made later has another.
    pub uid: String,
    /// The object's resourceVersion, for compare-and-swap. Opaque.
    pub version: String,
    /// The container.
    pub container: Container,
}

impl Record {
    /// The Pod of the current start: from the record's uid and the start counter, so that a
    /// repeated start meets the same name and not a twin.
    #[must_use]
    pub fn pod_name(&self) -> PodName {
        PodName::new(&self.container.name, &self.uid, self.container.starts)
    }
}
