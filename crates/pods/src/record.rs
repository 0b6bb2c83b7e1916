//! A container and the ConfigMap that holds it.

use std::collections::BTreeMap;

use engine::container::{Container, Exit, Record};
use engine::name::RecordName;
use engine::phase::Phase;
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::{labels, owner};

/// Labels or annotations.
type Texts = BTreeMap<String, String>;

/// The key of a record's data.
const KEY: &str = "container.json";
/// The key of a sentence for people who run `kubectl describe`. chainpod does not read it.
const STATE: &str = "state";

/// The reason why a ConfigMap is not a record.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordError {
    /// A field that the API server always sends is missing.
    #[error("its metadata has no {0}")]
    Metadata(&'static str),
    /// It has no data under the key.
    #[error("it has no data under key {KEY}")]
    Absent,
    /// The data is not in the form that this version writes.
    #[error("its {KEY} cannot be read: {0}")]
    Malformed(#[from] serde_json::Error),
}

/// Returns the object of a container that does not exist yet.
pub(crate) fn build(
    name: &RecordName,
    namespace: &str,
    container: &Container,
) -> Result<ConfigMap, serde_json::Error> {
    let mut metadata = labels::metadata(name.0.clone(), namespace, container);
    metadata.owner_references = container
        .owner
        .as_ref()
        .map(|owner| vec![owner::of_record(owner)]);
    Ok(ConfigMap {
        metadata,
        data: Some(BTreeMap::from([
            (KEY.to_owned(), serde_json::to_string_pretty(container)?),
            (STATE.to_owned(), state(container)),
        ])),
        ..ConfigMap::default()
    })
}

/// Returns the state of the container as a sentence.
fn state(container: &Container) -> String {
    let start = container.starts;
    let ended = |how: &str, exit: &Exit| {
        let memory = if exit.oom_killed {
            ", killed for lack of memory"
        } else {
            ""
        };
        let why = if exit.error.is_empty() { "" } else { ": " };
        let (code, time, error) = (exit.code, exit.finished_at, &exit.error);
        format!("start {start} {how} with code {code} at {time}{memory}{why}{error}")
    };
    match (container.phase, &container.exit) {
        (Phase::Running, _) => format!(
            "start {start} has been running since {}",
            container.started_at.unwrap_or(container.created)
        ),
        (Phase::Starting, _) => format!("start {start} is in progress"),
        (Phase::Created, Some(exit)) => ended("failed", exit),
        (Phase::Exited, Some(exit)) => ended("exited", exit),
        (Phase::Created | Phase::Exited, None) => "created".to_owned(),
    }
}

/// Returns the object that replaces `record`, unless another client has replaced it since it was read. It keeps
/// what others have written into its metadata. Only chainpod's own labels and annotations are written again: a
/// start may learn more about its container.
pub(crate) fn replacement(record: &Record, namespace: &str) -> Result<ConfigMap, serde_json::Error> {
    let mut object = build(&record.name, namespace, &record.container)?;
    if !record.metadata.is_empty() {
        let read: ObjectMeta = serde_json::from_str(&record.metadata)?;
        let own = &mut object.metadata;
        own.labels = merged(read.labels, own.labels.take());
        own.annotations = merged(read.annotations, own.annotations.take());
        // Kubernetes removes a reference to an owner that was deleted without its dependents. If it came back,
        // the record would be removed, and its program with it.
        own.owner_references = read.owner_references;
        own.finalizers = read.finalizers;
    }
    object.metadata.uid = Some(record.uid.clone());
    object.metadata.resource_version = Some(record.version.clone());
    Ok(object)
}

/// Returns both maps as one. The second one wins.
fn merged(read: Option<Texts>, own: Option<Texts>) -> Option<Texts> {
    let mut all = read.unwrap_or_default();
    all.extend(own.unwrap_or_default());
    Some(all)
}

/// Returns the part of an object's metadata that a replacement keeps.
fn kept(meta: &ObjectMeta) -> Result<String, serde_json::Error> {
    serde_json::to_string(&ObjectMeta {
        labels: meta.labels.clone(),
        annotations: meta.annotations.clone(),
        owner_references: meta.owner_references.clone(),
        finalizers: meta.finalizers.clone(),
        ..ObjectMeta::default()
    })
}

/// Reads a record.
pub(crate) fn parse(object: &ConfigMap) -> Result<Record, RecordError> {
    let meta = &object.metadata;
    let text = object
        .data
        .as_ref()
        .and_then(|data| data.get(KEY))
        .ok_or(RecordError::Absent)?;
    Ok(Record {
        name: RecordName(meta.name.clone().ok_or(RecordError::Metadata("name"))?),
        uid: meta.uid.clone().ok_or(RecordError::Metadata("uid"))?,
        version: meta
            .resource_version
            .clone()
            .ok_or(RecordError::Metadata("resourceVersion"))?,
        metadata: kept(meta)?.into(),
        container: serde_json::from_str(text)?,
    })
}

#[cfg(test)]
pub(crate) mod sample {
    //! Records for the tests of all builders.

    use engine::container::{Container, FileEntry, Record, Role, Spec, Upload};
    use engine::image::{Digest, Image, Overlay, Ruled};
    use engine::launch::Launch;
    use engine::name::{ContainerId, RecordName, Scope};
    use engine::phase::Phase;
    use engine::process::Process;
    use k8s_openapi::api::core::v1::Pod;
    use rules::Rules;

    use crate::agent::AgentBy;
    use crate::cluster::tests::config;
    use crate::plan::Plan;

    /// Returns a chaincode container that is being started for the second time.
    pub(crate) fn chaincode() -> Record {
        let name = format!("dev-peer0.org1-kv-{}", "ab".repeat(32));
        let container = Container {
            id: ContainerId("0123456789abcdef".repeat(4)),
            scope: Scope("lab".to_owned()),
            role: Role::Chaincode,
            spec: Spec {
                image: name.clone(),
                cmd: Some(vec![
                    "chaincode".into(),
                    "-peer.address=peer0:7052".into(),
                    "$(HOME) $$".into(),
                ]),
                env: vec![
                    "CORE_CHAINCODE_ID_NAME=kv:abab".into(),
                    "CORE_PEER_LOCALMSPID=Org1MSP".into(),
                ],
                ..Spec::default()
            },
            name,
            built_for: None,
            owner: None,
            image: Image {
                id: Digest("sha256:00".into()),
                name: "kv:latest".into(),
                reference: "hyperledger/fabric-baseos:2.5".into(),
                overlay: Some(Overlay {
                    directories: vec!["/usr/local/bin".into()],
                    ..Overlay::default()
                }),
                created: "2026-11-01T00:00:00Z".parse().unwrap(),
                always_pull: false,
            },
            created: "2026-11-01T00:00:00Z".parse().unwrap(),
            phase: Phase::Starting,
            starts: 2,
            repeats: None,
            uploads: vec![Upload::Files {
                number: 0,
                files: vec![file("/etc/tls/a.crt"), file("/etc/tls/b.key")],
            }],
            started_at: None,
            exit: None,
            outputs: std::collections::BTreeMap::new(),
            last_lines: Vec::new(),
            image_command: None,
            untold: Vec::new(),
            holder: None,
        };
        let name = RecordName::new(&container.scope, &container.name);
        let record = Record {
            name,
            uid: "uid-1".into(),
            version: "7".into(),
            metadata: "".into(),
            container,
        };
        // As it is read back.
        super::parse(&super::replacement(&record, "ns").unwrap()).unwrap()
    }

    /// Returns a launch of that record.
    pub(crate) fn launch(record: &Record) -> Launch<'_> {
        let process = Process::of(&record.container);
        let ruled = Ruled {
            reference: record.container.image.reference.clone(),
            ..Ruled::default()
        };
        Launch::of(record, process, ruled, "https://chainpod:8443")
    }

    /// Returns the Pod of that record by chainpod's own rules.
    pub(crate) fn pod(record: &Record, agent_by: AgentBy) -> Pod {
        let (launch, config) = (launch(record), config());
        let plan = Plan::of(&launch, &Rules::default(), config.default_uid);
        crate::pod::build(&launch, &plan, &config, agent_by)
    }

    pub(crate) fn file(path: &str) -> FileEntry {
        FileEntry {
            path: path.to_owned(),
            mode: 0o600,
            size: 1,
        }
    }
}

#[cfg(test)]
mod tests;
