//! A container and the ConfigMap that holds it.

use std::collections::BTreeMap;

use engine::container::{Container, Exit, Record};
use engine::name::RecordName;
use engine::phase::Phase;
use k8s_openapi::api::core::v1::ConfigMap;

use crate::{labels, owner};

/// The key of a record's data.
const KEY: &str = "container.json";
/// The key of a sentence for people who run `kubectl describe`. Nothing reads it back.
const STATE: &str = "state";

/// The reason why a ConfigMap is not a record.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordError {
    /// A field that the API server always sends is missing.
    #[error("its metadata has no {0}")]
    Metadata(&'static str),
    /// It has no data under the key.
    #[error("it has no data of key {KEY}")]
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
        format!("start {start} {how} with {code} at {time}{memory}{why}{error}")
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

/// Returns the object that replaces `record`, unless somebody else has replaced it since it was read.
pub(crate) fn replacement(record: &Record, namespace: &str) -> Result<ConfigMap, serde_json::Error> {
    let mut object = build(&record.name, namespace, &record.container)?;
    object.metadata.uid = Some(record.uid.clone());
    object.metadata.resource_version = Some(record.version.clone());
    Ok(object)
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
        Record {
            name,
            uid: "uid-1".into(),
            version: "7".into(),
            container,
        }
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
mod tests {
    use engine::container::Owner;

    use super::*;

    #[test]
    fn a_record_is_read_back_as_it_was_written() {
        let record = sample::chaincode();
        let object = replacement(&record, "ns").unwrap();
        assert_eq!(object.metadata.name.as_deref(), Some(record.name.0.as_str()));
        assert_eq!(parse(&object).unwrap(), record);
    }

    #[test]
    fn who_describes_a_record_reads_what_became_of_it() {
        let mut container = sample::chaincode().container;
        let exit = Exit {
            code: 137,
            oom_killed: true,
            error: "OOMKilled".to_owned(),
            finished_at: container.created,
        };
        let at = container.created;
        for (phase, exit, text) in [
            (Phase::Created, None, "created".to_owned()),
            (Phase::Starting, None, "start 2 is in progress".to_owned()),
            (
                Phase::Running,
                None,
                format!("start 2 has been running since {at}"),
            ),
            (
                Phase::Exited,
                Some(exit.clone()),
                format!("start 2 exited with 137 at {at}, killed for lack of memory: OOMKilled"),
            ),
            (
                Phase::Created,
                Some(Exit {
                    code: 128,
                    oom_killed: false,
                    error: String::new(),
                    ..exit
                }),
                format!("start 2 failed with 128 at {at}"),
            ),
        ] {
            (container.phase, container.exit) = (phase, exit);
            assert_eq!(state(&container), text);
        }
    }

    #[test]
    fn a_record_goes_with_its_owner_which_does_not_manage_it() {
        let mut record = sample::chaincode();
        assert_eq!(
            replacement(&record, "ns").unwrap().metadata.owner_references,
            None
        );
        record.container.owner = Some(Owner {
            api_version: "apps/v1".to_owned(),
            kind: "Deployment".to_owned(),
            name: "peer0".to_owned(),
            uid: "uid-9".to_owned(),
        });
        let meta = replacement(&record, "ns").unwrap().metadata;
        let [owner] = &meta.owner_references.unwrap()[..] else {
            panic!("one owner");
        };
        assert_eq!((owner.kind.as_str(), owner.uid.as_str()), ("Deployment", "uid-9"));
        assert_eq!(
            (owner.controller, owner.block_owner_deletion),
            (Some(false), Some(false))
        );
    }

    #[test]
    fn what_is_no_record_says_why() {
        let mut object = replacement(&sample::chaincode(), "ns").unwrap();
        object.data = Some(BTreeMap::from([(KEY.to_owned(), "{}".to_owned())]));
        assert!(
            parse(&object)
                .unwrap_err()
                .to_string()
                .starts_with("its container.json cannot be read: missing field")
        );
        object.data = None;
        assert_eq!(
            parse(&object).unwrap_err().to_string(),
            "it has no data of key container.json"
        );
    }
}
