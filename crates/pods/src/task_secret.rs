//! The Secret with the task of a Pod's agent. It has the Pod's name.

use std::collections::BTreeMap;

use agent_protocol::{CA_FILE, TASK_FILE, TOKEN_FILE, Task};
use engine::container::Record;
use engine::token::TokenKey;
use k8s_openapi::api::core::v1::Secret;

use crate::{labels, owner};

/// Returns the Secret of one start.
pub(crate) fn build(
    record: &Record,
    task: &Task,
    namespace: &str,
    token_key: &TokenKey,
    ca_pem: &str,
) -> Result<Secret, serde_json::Error> {
    let mut metadata = labels::metadata(record.pod_name().0, namespace, &record.container);
    metadata.owner_references = Some(vec![owner::reference(record, false)]);
    let files = [
        (TASK_FILE, serde_json::to_string(task)?),
        (TOKEN_FILE, token_key.mint(&record.uid)),
        (CA_FILE, ca_pem.to_owned()),
    ];
    Ok(Secret {
        metadata,
        immutable: Some(true),
        string_data: Some(BTreeMap::from(
            files.map(|(name, content)| (name.to_owned(), content)),
        )),
        ..Secret::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::sample;

    #[test]
    fn the_agent_finds_task_token_and_ca() {
        let record = sample::chaincode();
        let task = sample::launch(&record).task.unwrap();
        let key = TokenKey::new([1; engine::token::KEY_BYTES]);
        let secret = build(&record, &task, "ns", &key, "PEM").unwrap();
        let data = secret.string_data.unwrap();
        assert_eq!(
            serde_json::from_str::<agent_protocol::Task>(&data["task.json"]).unwrap(),
            task
        );
        assert!(key.accepts("uid-1", &data["token"]));
        assert_eq!(data["ca.crt"], "PEM");
        assert_eq!(secret.metadata.name.unwrap(), record.pod_name().0);
    }
}
