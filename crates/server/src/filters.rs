//! Docker's `filters`: what a list is to have. Values of one key are
//! alternatives, keys are all asked for.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::error::{ApiError, Result};

/// Key → values.
#[derive(Debug, Default)]
pub(crate) struct Filters(BTreeMap<String, BTreeSet<String>>);

/// Clients up to 1.21 send lists, later ones objects whose values are all true.
#[derive(Deserialize)]
#[serde(untagged)]
enum Values {
    List(Vec<String>),
    Set(BTreeMap<String, bool>),
}

impl Filters {
    /// Reads the parameter; it may be empty.
    ///
    /// # Errors
    /// 400 for what is no such JSON, and for a key that is not `known`.
    pub(crate) fn parse(json: &str, known: &[&str]) -> Result<Self> {
        if json.is_empty() {
            return Ok(Self::default());
        }
        let invalid = |error| ApiError::bad_request(format!("invalid filter: {error}"));
        let keys: BTreeMap<String, Values> = serde_json::from_str(json).map_err(invalid)?;
        if let Some(key) = keys.keys().find(|key| !known.contains(&key.as_str())) {
            return Err(ApiError::bad_request(format!("invalid filter '{key}'")));
        }
        let values = |values| match values {
            Values::List(list) => list.into_iter().collect(),
            Values::Set(set) => set.into_keys().collect(),
        };
        Ok(Self(
            keys.into_iter().map(|(key, of)| (key, values(of))).collect(),
        ))
    }

    /// Whether anything is asked of that key.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// Whether one of the key's values fits, or none is given.
    pub(crate) fn any(&self, key: &str, fits: impl Fn(&str) -> bool) -> bool {
        self.0
            .get(key)
            .is_none_or(|values| values.iter().any(|value| fits(value)))
    }

    /// The key's values as `read` reads them, without those that it cannot; none where nothing is asked of that key.
    pub(crate) fn read<T>(&self, key: &str, read: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
        let values = self.0.get(key)?.iter();
        Some(values.filter_map(|value| read(value)).collect())
    }

    /// Whether all labels that are asked for, `NAME` or `NAME=VALUE`, are there.
    pub(crate) fn labels(&self, labels: &BTreeMap<String, String>) -> bool {
        let there = |wanted: &String| match wanted.split_once('=') {
            Some((name, value)) => labels.get(name).is_some_and(|known| known == value),
            None => labels.contains_key(wanted),
        };
        self.0.get("label").is_none_or(|wanted| wanted.iter().all(there))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_to_write_filters_are_read_and_unknown_keys_refused() {
        for json in [r#"{"name": ["a", "b"]}"#, r#"{"name": {"a": true, "b": true}}"#] {
            let filters = Filters::parse(json, &["name"]).unwrap();
            assert!(filters.any("name", |value| value == "b"));
            assert!(!filters.any("name", |value| value == "c"));
            assert!(filters.any("id", |_| false));
        }
        for json in ["name", r#"{"nothing": ["a"]}"#, r#"{"name": 5}"#] {
            assert!(Filters::parse(json, &["name"]).is_err(), "{json}");
        }
    }

    #[test]
    fn labels_are_all_asked_for() {
        let labels = BTreeMap::from([("a".to_owned(), "1".to_owned())]);
        for (json, expected) in [
            (r#"{"label": ["a"]}"#, true),
            (r#"{"label": ["a=1"]}"#, true),
            (r#"{"label": ["a=2"]}"#, false),
            (r#"{"label": ["a", "b"]}"#, false),
        ] {
            assert_eq!(
                Filters::parse(json, &["label"]).unwrap().labels(&labels),
                expected,
                "{json}"
            );
        }
    }
}
