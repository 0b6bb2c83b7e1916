//! The parser from a file's text to rules. It collects everything that is wrong, each with the path of its
//! key, and reports it at once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{Glob, ImageRule, Match, PodFields, PodRule, Rules};

/// Everything that is wrong with a file of rules, one line each.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Wrong(pub Vec<String>);

impl Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

/// Reads a document, without chainpod's own rules.
pub(crate) fn document(text: &str) -> Result<Rules, Wrong> {
    // A Secret may be called `n`, which YAML 1.1 reads as false.
    let options = serde_saphyr::options! { strict_booleans: true };
    let keys: Result<Option<BTreeMap<String, Value>>, _> = serde_saphyr::from_str_with_options(text, options);
    let keys = keys.map_err(|error| Wrong(vec![error.to_string()]))?;
    let mut reader = Reader::default();
    let mut rules = Rules {
        pods: Vec::new(),
        images: Vec::new(),
        allowed_images: None,
    };
    for (key, value) in keys.unwrap_or_default() {
        match key.as_str() {
            "pods" => rules.pods = reader.list(&key, &value, Reader::pod_rule),
            "images" => rules.images = reader.list(&key, &value, Reader::image_rule),
            "allowedImages" => rules.allowed_images = Some(reader.list(&key, &value, Reader::pattern)),
            _ => reader.wrong(&key, "unknown key; the keys are pods, images and allowedImages"),
        }
    }
    reader.check_names(&rules.pods);
    match reader.0.is_empty() {
        true => Ok(rules),
        false => Err(Wrong(reader.0)),
    }
}

/// A reader, with everything that is wrong so far.
#[derive(Default)]
pub(crate) struct Reader(Vec<String>);

impl Reader {
    pub(crate) fn wrong(&mut self, path: &str, why: impl Display) {
        self.0.push(format!("{path}: {why}"));
    }

    /// Returns the elements of a list that can be read.
    pub(crate) fn list<T>(
        &mut self,
        path: &str,
        value: &Value,
        element: impl Fn(&mut Self, &str, &Value) -> Option<T>,
    ) -> Vec<T> {
        let elements = match value {
            Value::Array(elements) => elements.as_slice(),
            Value::Null => &[],
            _ => {
                self.wrong(path, "a list is expected");
                &[]
            }
        };
        let numbered = elements.iter().enumerate();
        let read = |(index, value)| element(self, &format!("{path}[{index}]"), value);
        numbered.filter_map(read).collect()
    }

    fn pod_rule(&mut self, path: &str, value: &Value) -> Option<PodRule> {
        let Some(mut keys) = value.as_object().cloned() else {
            self.wrong(path, "a rule is expected, with name, match and fields of Pods");
            return None;
        };
        let name = keys.remove("name");
        let name = name
            .as_ref()
            .and_then(Value::as_str)
            .filter(|name| !name.is_empty());
        if name.is_none() {
            self.wrong(&format!("{path}.name"), "a rule needs a name, which is a string");
        }
        let matches = keys.remove("match").unwrap_or_else(|| Map::new().into());
        let matches = self.read::<Match>(&format!("{path}.match"), &matches);
        let fields = self.read::<PodFields>(path, &Value::Object(keys));
        let rule = PodRule {
            name: name?.to_owned(),
            matches: matches?,
            fields: fields?,
        };
        self.check_paths(path, &rule.fields);
        Some(rule)
    }

    fn image_rule(&mut self, path: &str, value: &Value) -> Option<ImageRule> {
        let rule = self.read::<ImageRule>(path, value)?;
        if let Some((key, why)) = rule.wrong() {
            self.wrong(&format!("{path}.{key}"), why);
        }
        Some(rule)
    }

    fn pattern(&mut self, path: &str, value: &Value) -> Option<Glob> {
        self.read(path, value)
    }

    /// Reads a value as that type; keys that the type does not know are reported as wrong.
    pub(crate) fn read<T: DeserializeOwned + Serialize>(&mut self, path: &str, value: &Value) -> Option<T> {
        let read: T = match serde_path_to_error::deserialize(value.clone()) {
            Ok(read) => read,
            Err(error) => {
                let inner = error.path().to_string();
                let dot = if inner.starts_with('[') { "" } else { "." };
                let whole = match inner.as_str() {
                    "." => path.to_owned(),
                    inner => format!("{path}{dot}{inner}"),
                };
                self.wrong(&whole, error.into_inner());
                return None;
            }
        };
        // Kubernetes' types skip keys that they do not know. Those keys are missing when the value is
        // written again.
        let written = serde_json::to_value(&read).unwrap_or_default();
        self.unknown(path, value, &written);
        Some(read)
    }

    fn unknown(&mut self, path: &str, said: &Value, known: &Value) {
        match (said, known) {
            (Value::Object(said), Value::Object(known)) => {
                for (key, value) in said.iter().filter(|(_, value)| !is_empty(value)) {
                    let path = format!("{path}.{key}");
                    match known.get(key) {
                        Some(known) => self.unknown(&path, value, known),
                        None => self.wrong(&path, "unknown key"),
                    }
                }
            }
            (Value::Array(said), Value::Array(known)) => {
                for (index, (said, known)) in said.iter().zip(known).enumerate() {
                    self.unknown(&format!("{path}[{index}]"), said, known);
                }
            }
            _ => {}
        }
    }

    fn check_names(&mut self, rules: &[PodRule]) {
        let mut names = BTreeSet::new();
        for (index, rule) in rules.iter().enumerate() {
            if !names.insert(&rule.name) {
                self.wrong(
                    &format!("pods[{index}].name"),
                    format_args!("another rule already has the name {}", rule.name),
                );
            }
        }
    }

    fn check_paths(&mut self, path: &str, fields: &PodFields) {
        let legal = |file: &str| file.starts_with('/') && !file.ends_with('/') && !file.contains([':', '\0']);
        for file in fields.files.keys().filter(|file| !legal(file)) {
            self.wrong(
                &format!("{path}.files.{file}"),
                "an absolute path without colons is expected",
            );
        }
    }
}

/// Returns true for a value without content.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(values) => values.is_empty(),
        Value::Object(values) => values.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
