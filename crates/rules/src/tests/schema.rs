//! The JSON Schema of a file of rules, made from the types. Editors read it; chainpod's own messages about a
//! wrong file come from the parser.

use std::borrow::Cow;
use std::fs;
use std::path::PathBuf;

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use crate::{Rules, Text};

/// The variable with which the test writes the file instead of comparing it.
const UPDATE: &str = "UPDATE_SCHEMA";

impl JsonSchema for Text {
    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A text. Numbers and booleans are read as texts.",
            "type": ["string", "number", "boolean"]
        })
    }
}

/// The schema.
pub(crate) fn schema() -> Value {
    let settings = SchemaSettings::draft2020_12();
    let mut schema = settings.into_generator().into_root_schema_for::<Rules>();
    RecursiveTransform(known_keys_only).transform(&mut schema);
    let mut schema = Value::from(schema);
    // A template is a part of a Pod.
    let pod_spec = schema.pointer_mut("/$defs/io.k8s.api.core.v1.PodSpec");
    let pod_spec = pod_spec.and_then(Value::as_object_mut);
    pod_spec.expect("a template has a spec").remove("required");
    let one_of = serde_json::json!([{"required": ["configMap"]}, {"required": ["secret"]}]);
    schema["$defs"]["KeyRef"]["oneOf"] = one_of;
    schema
}

/// Forbids unknown keys, as the parser does, also in Kubernetes' types.
fn known_keys_only(schema: &mut Schema) {
    if schema.get("properties").is_some() && schema.get("additionalProperties").is_none() {
        schema.insert("additionalProperties".to_owned(), false.into());
    }
}

#[test]
fn the_file_is_what_the_types_say() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/rules.schema.json");
    let made = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var_os(UPDATE).is_some() {
        fs::write(&file, &made).unwrap();
    }
    let written = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        made == written,
        "docs/rules.schema.json is not what the types say: {UPDATE}=1 cargo test -p chainpod-rules writes it"
    );
}

#[test]
fn what_the_parser_refuses_the_schema_refuses() {
    let schema = jsonschema::validator_for(&schema()).unwrap();
    for text in [
        "pod: []",
        "pods: [{match: {}}]",
        "pods: [{name: a, match: {image: 7}}]",
        "pods: [{name: a, match: {role: builder}}]",
        "pods: [{name: a, runAsUser: root}]",
        "pods: [{name: a, tolerations: [{efect: NoSchedule}]}]",
        "pods: [{name: a, caBundle: {configMap: a, secret: b, key: c}}]",
        "pods: [{name: a, caBundle: {key: c}}]",
        "images: [{rewrite: a}]",
        "images: [{match: a, pullPolicy: Sometimes}]",
        "allowedImages: a",
        "pods: [{name: a, template: {spec: {containers: [{name: build, imagePullPolice: Never}]}}}]",
    ] {
        let value: Value = serde_saphyr::from_str(text).unwrap();
        assert!(Rules::parse(text).is_err() && !schema.is_valid(&value), "{text}");
    }
}
