//! docs/docker-api.md lists exactly the routes that exist and those that are refused, and the fate of each
//! field of a create request.

use std::collections::BTreeSet;

use docker_api::build;
use docker_api::create::fields::{FIELDS, Fate, Row};
use docker_api::image::pull_lines;
use engine::Error;
use image_name::ImageName;

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
fn texts_that_clients_search_for_are_documented_and_sent() {
    let name = || "x".to_owned();
    // The agent reports these, and the engine quotes them.
    let agent = || include_str!("../../agent/src/launch.rs").to_owned();
    let in_use = Error::NameInUse {
        name: name(),
        id: name(),
    };
    let image = ImageName::parse("x").unwrap();
    let sent = [
        ("No such image", Error::NoSuchImage(name()).to_string()),
        ("No such container", Error::NoSuchContainer(name()).to_string()),
        ("is not running", Error::NotRunning(name()).to_string()),
        ("is already in use by", in_use.to_string()),
        ("executable file not found", agent()),
        ("no such file or directory", agent()),
        ("permission denied", agent()),
        ("is a directory", agent()),
        ("Successfully built", build::lines(None, &[], ("id", "id"), &[])),
        ("Image is up to date", pull_lines(&image)),
    ];
    let documented: Vec<_> = DOCUMENT
        .lines()
        .skip_while(|line| *line != "## Texts that clients search for")
        .skip(1)
        .take_while(|line| !line.starts_with("## "))
        .filter_map(|line| line.strip_prefix("| ")?.split('`').nth(1))
        .collect();
    assert_eq!(documented, sent.each_ref().map(|(text, _)| *text));
    for (text, whole) in sent {
        assert!(whole.contains(text), "{text} is not in: {whole}");
    }
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

#[test]
fn every_limit_is_documented_and_every_documented_limit_is_there() {
    let documented = include_str!("../../../docs/limits.md");
    for (owner, limits) in [("server", &server::LIMITS[..]), ("engine", &engine::LIMITS[..])] {
        let end = format!("| `{owner}` |");
        let documented: Vec<_> = documented.lines().filter(|row| row.ends_with(&end)).collect();
        let rows: Vec<_> = limits.iter().map(|limit| limit.row(owner)).collect();
        assert_eq!(documented, rows);
    }
}

#[test]
fn every_limit_is_at_least_four_times_what_real_clients_need() {
    for limit in server::LIMITS.iter().chain(&engine::LIMITS) {
        assert!(limit.seen.is_none_or(|seen| 4 * seen <= limit.most), "{limit:?}");
    }
}
