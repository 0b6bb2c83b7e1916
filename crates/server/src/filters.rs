//! Docker's `filters`: conditions for a list. Every key must match. The values of a key are alternatives, but
//! all labels must be present.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::error::{ApiError, Result};

/// The values by key.
#[derive(Debug, Default)]
pub(crate) struct Filters(BTreeMap<String, BTreeSet<String>>);

/// Clients up to 1.21 send lists. Later ones send objects with the value `true` for each key.
#[derive(Deserialize)]
#[serde(untagged)]
enum Values {
    List(Vec<String>),
    Set(BTreeMap<String, bool>),
}

impl Filters {
    /// Reads the parameter, which may be empty.
    ///
    /// # Errors
    /// Returns 400 for a string that is not such JSON, and for a key that is not in `known`.
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

    /// Returns true if there is a filter with that key.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// Returns true if one of the key's values fits, or if the key is not given.
    pub(crate) fn any(&self, key: &str, fits: impl Fn(&str) -> bool) -> bool {
        self.0
            .get(key)
            .is_none_or(|values| values.iter().any(|value| fits(value)))
    }

    /// Returns the key's values as `read` parses them, without those that it cannot parse, or `None` if the
    /// key is not given.
    pub(crate) fn read<T>(&self, key: &str, read: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
        let values = self.0.get(key)?.iter();
        Some(values.filter_map(|value| read(value)).collect())
    }

    /// Returns true if `labels` has every label that is asked for, as `NAME` or `NAME=VALUE`.
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
