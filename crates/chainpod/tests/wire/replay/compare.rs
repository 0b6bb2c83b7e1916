//! Compares a recorded reply with ours, part by part. Each difference is a sentence.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use serde_json::Value;

use super::content;
use super::exceptions::{What, is_excepted, modern};
use super::recording::{Content, Response};

/// Docker's `PathStat`, as base64 of JSON.
const PATH_STAT: &str = "x-docker-container-path-stat";
/// The least number of hex digits of an id.
const ID_DIGITS: usize = 12;

/// Compares status and headers.
pub(super) fn head(recorded: &Response, status: u16, headers: &HeaderMap) -> Vec<String> {
    let mut differences = Vec::new();
    if recorded.status != status {
        differences.push(format!("status {status} and not {}", recorded.status));
    }
    let recorded: BTreeMap<_, _> = recorded
        .headers
        .iter()
        .map(|(name, value)| (name.to_lowercase(), value))
        .collect();
    for (name, value) in &recorded {
        let ours = headers.get(name).map(|ours| ours.to_str().unwrap());
        let difference = match ours {
            None if is_excepted(|what| matches!(what, What::Header(of) if of == name)) => continue,
            None => format!("no header {name}: {value}"),
            Some(_) if is_excepted(|what| matches!(what, What::OwnValue(of) if of == name)) => continue,
            Some(ours) if name == PATH_STAT => {
                differences.extend(json(&path_stat(value), &path_stat(ours)));
                continue;
            }
            Some(ours) if ours == modern(value) => continue,
            Some(ours) => format!("header {name}: {ours} and not {value}"),
        };
        differences.push(difference);
    }
    let more = headers
        .keys()
        .filter(|name| *name != "date" && !recorded.contains_key(name.as_str()));
    differences.extend(more.map(|name| format!("header {name}, which Docker does not send")));
    differences
}

/// Compares a body that has ended.
pub(super) async fn body(recorded: Option<&Content>, ours: &[u8]) -> Vec<String> {
    let Some(recorded) = recorded else {
        return if ours.is_empty() {
            vec![]
        } else {
            vec!["a body where there is none".to_owned()]
        };
    };
    if let Some(recorded) = &recorded.json {
        return match serde_json::from_slice(ours) {
            Ok(ours) => json(recorded, &ours),
            Err(error) => vec![format!("no JSON: {error}")],
        };
    }
    if let Some(text) = &recorded.text {
        return equal(
            "progress",
            &progress(text),
            &progress(&String::from_utf8_lossy(ours)),
        );
    }
    let listed = content::listed(recorded.tar.as_deref().unwrap_or_default());
    equal("tar", &listed, &content::list(ours).await)
}

pub(super) fn equal<T: PartialEq + std::fmt::Debug>(what: &str, recorded: &T, ours: &T) -> Vec<String> {
    if recorded == ours {
        vec![]
    } else {
        vec![format!("{what}: {ours:?} and not {recorded:?}")]
    }
}

fn path_stat(base64: &str) -> Value {
    serde_json::from_slice(&STANDARD.decode(base64).unwrap()).unwrap()
}

/// Compares keys and types, and the whole texts of errors and exit codes.
fn json(recorded: &Value, ours: &Value) -> Vec<String> {
    let mut differences = Vec::new();
    shape("", recorded, ours, &mut differences);
    differences
}

fn shape(key: &str, recorded: &Value, ours: &Value, differences: &mut Vec<String>) {
    match (recorded, ours) {
        (Value::Object(recorded), Value::Object(ours)) if key != "Labels" => {
            for (key, value) in recorded {
                match ours.get(key) {
                    Some(ours) => shape(key, value, ours, differences),
                    None if is_excepted(|what| matches!(what, What::Key(of) if of == key)) => {}
                    None => differences.push(format!("no key {key}")),
                }
            }
            let more = ours.keys().filter(|key| !recorded.contains_key(*key));
            differences.extend(more.map(|key| format!("key {key}, which Docker does not have")));
        }
        (Value::Array(recorded), Value::Array(ours)) => {
            if let (Some(recorded), Some(ours)) = (recorded.first(), ours.first()) {
                shape(key, recorded, ours, differences);
            }
        }
        (Value::String(recorded), Value::String(ours)) if key == "message" => {
            differences.extend(equal("message", &modern(recorded), ours));
        }
        (recorded, ours) if key == "StatusCode" => differences.extend(equal(key, recorded, ours)),
        // Docker's nulls are lists and maps without entries.
        (Value::Null, _) | (_, Value::Null) => {}
        (recorded, ours) if std::mem::discriminant(recorded) == std::mem::discriminant(ours) => {}
        (recorded, ours) => differences.push(format!("{key} is {ours} and not like {recorded}")),
    }
}

/// Returns a build's lines with their ids hidden, without the exceptions.
fn progress(text: &str) -> Vec<String> {
    let lines = text.split_terminator("\r\n").map(|line| {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|_| Value::String(line.to_owned()));
        line["stream"]
            .as_str()
            .map_or_else(|| line.to_string(), str::to_owned)
    });
    let is_said = |line: &String| !is_excepted(|what| matches!(what, What::Line(of) if line.contains(of)));
    lines.filter(is_said).map(|line| without_ids(&line)).collect()
}

fn without_ids(text: &str) -> String {
    let mut hidden = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(rest.len());
        let (digits, tail) = rest.split_at(end);
        hidden.push_str(if digits.len() >= ID_DIGITS { "ID" } else { digits });
        let next = tail.chars().next().map_or(0, char::len_utf8);
        hidden.push_str(&tail[..next]);
        rest = &tail[next..];
    }
    hidden
}
