//! The sources of settings: flags over environment over file. All errors are gathered, so that they can be
//! reported at once.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::ArgMatches;
use serde_json::Value;

use super::keys::{CONFIG, KEYS, Key};

/// The three sources, and all errors in the values that were read from them so far.
pub(super) struct Sources<'a> {
    flags: &'a ArgMatches,
    env: &'a dyn Fn(&str) -> Option<String>,
    file: Option<PathBuf>,
    in_file: BTreeMap<String, Value>,
    wrong: Vec<String>,
}

/// A value as it is written, and its source.
struct Written {
    text: String,
    place: String,
}

impl<'a> Sources<'a> {
    pub(super) fn open(flags: &'a ArgMatches, env: &'a dyn Fn(&str) -> Option<String>) -> Self {
        let mut sources = Self {
            flags,
            env,
            file: None,
            in_file: BTreeMap::new(),
            wrong: Vec::new(),
        };
        if let Some(file) = sources.one(&CONFIG, super::values::path) {
            match read(&file) {
                Ok(values) => sources.in_file = values,
                Err(error) => sources.push(format!("{}: {error}", file.display())),
            }
            sources.file = Some(file);
            sources.check_names();
        }
        sources
    }

    fn check_names(&mut self) {
        let known = |name: &str| KEYS.iter().any(|key| key.name == name);
        let unknown: Vec<_> = self
            .in_file
            .keys()
            .filter(|name| !known(name))
            .map(|name| format!("{}: unknown setting", self.in_file_place(name)))
            .collect();
        self.wrong.extend(unknown);
    }

    /// Returns the one value of a setting, or none if it is missing or wrong.
    pub(super) fn one<T>(&mut self, key: &Key, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        self.many(key, parse)?.pop()
    }

    /// Returns all values of a setting, or none if there are no valid ones.
    pub(super) fn many<T>(&mut self, key: &Key, parse: impl Fn(&str) -> Result<T, String>) -> Option<Vec<T>> {
        let mut values = Vec::new();
        for Written { text, place } in self.written(key) {
            match parse(&text) {
                Ok(value) => values.push(value),
                Err(error) => self.push(format!("{place}: {text:?}: {error}")),
            }
        }
        Some(values).filter(|values| !values.is_empty())
    }

    /// Returns true if any source has the setting.
    pub(super) fn has(&self, key: &Key) -> bool {
        self.flags.contains_id(key.name)
            || self.variable(key).is_some()
            || self.in_file.get(key.name).is_some_and(|value| !value.is_null())
    }

    /// Records that a required setting is missing.
    pub(super) fn missing(&mut self, key: &Key, why: &str) {
        let (name, variable) = (key.name, key.variable());
        self.push(format!(
            "{name} is missing: {why}; give --{name}, {variable} or {name} in the file"
        ));
    }

    pub(super) fn push(&mut self, wrong: String) {
        self.wrong.push(wrong);
    }

    /// Returns the settings if there was no error.
    pub(super) fn all_or_wrong<T>(self, read: Option<T>) -> Result<T, super::Wrong> {
        match read {
            Some(read) if self.wrong.is_empty() => Ok(read),
            _ => Err(super::Wrong(self.wrong)),
        }
    }

    fn written(&mut self, key: &Key) -> Vec<Written> {
        let written = |place: String, texts: Vec<String>| {
            let written = |text| Written {
                text,
                place: place.clone(),
            };
            texts.into_iter().map(written).collect()
        };
        if let Some(texts) = self.flags.get_many::<String>(key.name) {
            return written(format!("--{}", key.name), texts.cloned().collect());
        }
        if let Some(text) = self.variable(key) {
            let texts = match key.many {
                true => text.split(',').map(|part| part.trim().to_owned()).collect(),
                false => vec![text],
            };
            return written(key.variable(), texts);
        }
        if let Some(value) = self.in_file.get(key.name).filter(|value| !value.is_null()) {
            let place = self.in_file_place(key.name);
            return match texts(value, key.many) {
                Ok(texts) => written(place, texts),
                Err(error) => {
                    self.push(format!("{place}: {error}"));
                    Vec::new()
                }
            };
        }
        let default = key.default.map(str::to_owned);
        written("the default".to_owned(), default.into_iter().collect())
    }

    /// Returns the variable's value. An empty variable counts as unset, because templates produce empty
    /// variables for absent values.
    fn variable(&self, key: &Key) -> Option<String> {
        (self.env)(&key.variable()).filter(|text| !text.is_empty())
    }

    fn in_file_place(&self, name: &str) -> String {
        let file = self.file.as_deref().unwrap_or(std::path::Path::new(""));
        format!("{}: {name}", file.display())
    }
}

fn read(file: &std::path::Path) -> Result<BTreeMap<String, Value>, String> {
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    let values: Option<BTreeMap<String, Value>> =
        serde_saphyr::from_str(&text).map_err(|error| error.to_string())?;
    Ok(values.unwrap_or_default())
}

/// Returns a value of the file as texts: YAML reads `2377` as a number.
fn texts(value: &Value, many: bool) -> Result<Vec<String>, &'static str> {
    match value {
        Value::Array(values) if many => {
            let all: Result<Vec<_>, _> = values.iter().map(|value| texts(value, false)).collect();
            Ok(all?.concat())
        }
        Value::String(text) => Ok(vec![text.clone()]),
        Value::Number(number) => Ok(vec![number.to_string()]),
        Value::Bool(flag) => Ok(vec![flag.to_string()]),
        Value::Null | Value::Array(_) | Value::Object(_) => Err("one value is expected here"),
    }
}
