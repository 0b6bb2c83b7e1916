//! docs/docker-api.md lists exactly the routes that exist and those that are refused, and the fate of each
//! field of a create request.

use std::collections::BTreeSet;

use docker_api::create::fields::{FIELDS, Fate, Row};

const DOCUMENT: &str = include_str!("../../../docs/docker-api.md");

#[test]
fn every_route_is_documented_and_every_documented_route_is_there() {
    let documented: BTreeSet<String> = DOCUMENT
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next().map(str::to_owned))
        .collect();
    let served = server::ROUTES
        .iter()
        .map(|route| format!("{} {}", route.method, route.path));
    let absent = server::ABSENT.iter().flat_map(|row| row.paths);
    let routes = served.chain(absent.map(|path| format!("any {path}"))).collect();
    assert_eq!(documented, routes);
}

#[test]
fn what_becomes_of_each_field_of_create_is_documented() {
    let fate = |row: &Row| match row.fate {
        Fate::Honoured => "honoured",
        Fate::Moot => "nothing to do",
        Fate::Ignored => "ignored",
        Fate::Refused => "refused",
    };
    let line = |row: &Row| {
        let fields = row.fields.join("`, `");
        format!("| {} | `{fields}` | {} |", fate(row), row.text)
    };
    let table: Vec<_> = FIELDS.iter().map(line).collect();
    let documented: Vec<_> = DOCUMENT
        .lines()
        .skip_while(|line| *line != "## Fields of a create request")
        .skip(1)
        .take_while(|line| !line.starts_with("## "))
        .filter(|line| line.starts_with("| ") && !line.starts_with("| what |"))
        .collect();
    assert!(
        documented == table,
        "the table of docs/docker-api.md should be:\n{}",
        table.join("\n")
    );
}

#[test]
fn every_metric_is_documented_and_every_documented_metric_is_there() {
    let documented: Vec<_> = include_str!("../../../docs/metrics.md")
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    let metrics: Vec<_> = server::METRICS.iter().map(|row| row.name).collect();
    assert_eq!(documented, metrics);
}
