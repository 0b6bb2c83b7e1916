//! Chooses the fields for one container from the rules. The field `template` is not merged here: `pods`
//! merges it into the finished Pod, and it can override the other fields again.

use std::collections::BTreeMap;

use engine::container::{Container, Role};
use image_name::ImageName;
use serde_json::{Map, Value};

use crate::{Globs, Match, PodFields, Rules};

/// The fields that are chosen key by key: each key is a field of its own.
const BY_KEY: [&str; 8] = [
    "annotations",
    "env",
    "files",
    "labels",
    "nodeSelector",
    "resources",
    "resources.limits",
    "resources.requests",
];

/// A container as rules see it.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The role of the container.
    pub role: Role,
    /// Its image, or the base that it was built on, in any spelling.
    pub image: &'a str,
    /// The chaincode's name.
    pub chaincode: Option<&'a str>,
    /// The MSP of its peer.
    pub msp: Option<&'a str>,
    /// The peer's id.
    pub peer: Option<&'a str>,
    /// Docker's labels.
    pub labels: &'a BTreeMap<String, String>,
}

impl<'a> From<&'a Container> for Subject<'a> {
    fn from(container: &'a Container) -> Self {
        Self {
            role: container.role,
            image: &container.image.reference,
            chaincode: container.chaincode(),
            msp: container.msp(),
            peer: container.peer(),
            labels: &container.spec.labels,
        }
    }
}

/// The result of the rules for one container.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Choice {
    /// The fields of the Pod.
    pub fields: PodFields,
    /// The rule that gave each of these fields.
    pub origins: Vec<Origin>,
}

/// The origin of a field's value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// The field: `env.GOPROXY`, `resources.limits.memory`.
    pub field: String,
    /// Its value, as JSON.
    pub value: String,
    /// The rule's name.
    pub rule: String,
}

impl Choice {
    /// Returns the name of the rule that gave the field, if one did.
    #[must_use]
    pub fn rule_of(&self, field: &str) -> Option<&str> {
        let origin = self.origins.iter().find(|origin| origin.field == field)?;
        Some(&origin.rule)
    }
}

impl Rules {
    /// Chooses for `subject`: each field has the value of the first rule that matches and sets the field.
    #[must_use]
    pub fn choose(&self, subject: &Subject<'_>) -> Choice {
        let (mut chosen, mut origins) = (Map::new(), Vec::new());
        for rule in self.pods.iter().filter(|rule| rule.matches.holds_for(subject)) {
            // Invariant: all of it was read from JSON's data model.
            if let Ok(Value::Object(fields)) = serde_json::to_value(&rule.fields) {
                take(&mut chosen, fields, "", &rule.name, &mut origins);
            }
        }
        origins.sort();
        let fields = serde_json::from_value(Value::Object(chosen));
        Choice {
            // Invariant: each field has the form that one of the rules gave it.
            fields: fields.expect("chosen fields are fields"),
            origins,
        }
    }
}

/// Takes the fields that have not been chosen yet.
fn take(
    chosen: &mut Map<String, Value>,
    said: Map<String, Value>,
    below: &str,
    rule: &str,
    origins: &mut Vec<Origin>,
) {
    for (key, value) in said {
        let field = format!("{below}{key}");
        match value {
            Value::Object(values) if BY_KEY.contains(&field.as_str()) => {
                let known = chosen.entry(key).or_insert_with(|| Map::new().into());
                if let Value::Object(known) = known {
                    take(known, values, &format!("{field}."), rule, origins);
                }
            }
            value if !chosen.contains_key(&key) => {
                origins.push(Origin {
                    field,
                    value: value.to_string(),
                    rule: rule.to_owned(),
                });
                chosen.insert(key, value);
            }
            _ => {}
        }
    }
}

impl Globs {
    /// Matches the name of a chaincode or peer as [`Globs::allow`] does. A build's name is known only from
    /// an image's name, which is in lower case, so both sides are compared in lower case.
    fn allow_name(&self, role: Role, name: Option<&str>) -> bool {
        match role {
            Role::Build => self.to_lowercase().allow(name.map(str::to_lowercase).as_deref()),
            Role::Chaincode => self.allow(name),
        }
    }
}

impl Match {
    fn holds_for(&self, subject: &Subject<'_>) -> bool {
        let label = |name: &str| subject.labels.get(name).map(String::as_str);
        let image = || ImageName::parse(subject.image).ok().map(|name| name.full());
        self.role.is_none_or(|role| role == subject.role)
            && (self.image.is_empty() || self.image.allow(image().as_deref()))
            && self.chaincode.allow_name(subject.role, subject.chaincode)
            && self.msp.allow(subject.msp)
            && self.peer.allow_name(subject.role, subject.peer)
            && self.labels.iter().all(|(name, globs)| globs.allow(label(name)))
    }
}
