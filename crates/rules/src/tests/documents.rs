//! The rules in `docs/rules.md` and `examples/rules`: the parser reads them, the schema allows them, and
//! the page tells every field.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use super::schema::schema;
use crate::Rules;

fn repository(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

fn is_right(place: &str, text: &str) {
    let schema = jsonschema::validator_for(&schema()).unwrap();
    Rules::parse(text).unwrap_or_else(|wrong| panic!("{place}: {wrong}\n{text}"));
    let value: Value = serde_saphyr::from_str(text).unwrap();
    let errors: Vec<_> = schema
        .iter_errors(&value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{place}: {errors:?}");
}

/// The YAML blocks of the page.
fn blocks(page: &str) -> Vec<&str> {
    let blocks = page.split("```yaml\n").skip(1);
    blocks.filter_map(|block| block.split("```").next()).collect()
}

#[test]
fn every_example_is_right() {
    let files = fs::read_dir(repository("examples/rules")).unwrap();
    let mut count = 0;
    for file in files {
        let path = file.unwrap().path();
        is_right(&path.display().to_string(), &fs::read_to_string(&path).unwrap());
        count += 1;
    }
    assert!(count >= 3);
}

#[test]
fn every_block_of_the_page_is_right_and_every_field_is_in_one() {
    let page = fs::read_to_string(repository("docs/rules.md")).unwrap();
    let blocks = blocks(&page);
    for block in &blocks {
        is_right("docs/rules.md", block);
    }
    let schema = schema();
    let keys = |pointer: &str| -> Vec<String> {
        let properties = schema.pointer(pointer).and_then(Value::as_object);
        properties.unwrap().keys().cloned().collect()
    };
    let rule = keys("/$defs/PodRule/properties");
    assert!(rule.len() > 15, "{rule:?}");
    let all = blocks.concat();
    let missing: Vec<_> = rule
        .into_iter()
        .chain(keys("/$defs/Match/properties"))
        .chain(keys("/$defs/ImageRule/properties"))
        .chain(keys("/properties"))
        .filter(|key| !all.contains(&format!("{key}:")))
        .collect();
    assert!(missing.is_empty(), "docs/rules.md shows no {missing:?}");
}
