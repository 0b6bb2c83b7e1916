//! Merges the operator's rules over the values from client, image and chainpod. The rules' `template` comes
//! later: `pod/rule_fields.rs` merges it into the finished Pod, and it can override these fields again.

use std::collections::BTreeMap;

use rules::{Choice, Text};

use super::resources::Resources;
use super::said::{By, Said, SaidMap};

/// Returns a field that a rule sets as a whole.
pub(super) fn ruled<T: Clone>(choice: &Choice, field: &str, value: Option<&T>) -> Option<Said<T>> {
    Some(Said::new(by(choice, field), value?.clone()))
}

/// Returns a field that rules set key by key.
pub(super) fn by_key<T, U>(
    choice: &Choice,
    field: &str,
    values: &BTreeMap<String, T>,
    value: impl Fn(&T) -> U,
) -> SaidMap<U> {
    let said = values.iter().map(|(key, known)| {
        let by = by(choice, &format!("{field}.{key}"));
        (key.clone(), Said::new(by, value(known)))
    });
    said.collect()
}

/// Returns requests and limits. A rule's value replaces other values for the same resource.
pub(super) fn resources(mut asked: Resources, choice: &Choice) -> Resources {
    let ruled = &choice.fields.resources;
    let text = |text: &Text| text.0.clone();
    asked
        .requests
        .extend(by_key(choice, "resources.requests", &ruled.requests, text));
    asked
        .limits
        .extend(by_key(choice, "resources.limits", &ruled.limits, text));
    asked
}

/// Returns the rule that sets a field.
pub(super) fn by(choice: &Choice, field: &str) -> By {
    // Invariant: every chosen field has its origin.
    By::Rule(choice.rule_of(field).unwrap_or_default().to_owned())
}
