//! The body of `POST /containers/create`, as far as its fields matter here.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// A create request; `null` is as good as absent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct CreateBody {
    /// The image's name.
    pub image: String,
    /// `NAME=VALUE`.
    pub env: Option<Vec<String>>,
    /// The command.
    pub cmd: Option<Words>,
    /// The entrypoint.
    pub entrypoint: Option<Words>,
    /// The working directory.
    pub working_dir: Option<String>,
    /// The user.
    pub user: Option<String>,
    /// Labels.
    pub labels: Option<BTreeMap<String, String>>,
    /// What the host is to do.
    pub host_config: Option<HostConfig>,
}

/// Limits, and what is refused or ignored.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HostConfig {
    /// Bytes; 0 is none.
    pub memory: Option<i64>,
    /// Billionths of a core; 0 is none.
    pub nano_cpus: Option<i64>,
    /// The fields that are looked at only to refuse or to warn.
    #[serde(flatten)]
    pub others: BTreeMap<String, Value>,
}

/// A command: Docker takes a string for a list of one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Words {
    /// One word.
    One(String),
    /// A list.
    Many(Vec<String>),
}

impl From<Words> for Vec<String> {
    fn from(words: Words) -> Self {
        match words {
            Words::One(word) => vec![word],
            Words::Many(words) => words,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_and_a_string_for_a_list_are_read() {
        let body: Result<CreateBody, _> = serde_json::from_str(
            r#"{"Image":"a","Entrypoint":"sh","Env":null,"HostConfig":{"Memory":5,"Binds":null}}"#,
        );
        let body = body.unwrap();
        assert_eq!(body.entrypoint, Some(Words::One("sh".to_owned())));
        assert_eq!(body.host_config.unwrap().memory, Some(5));
    }
}
