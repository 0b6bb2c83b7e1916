//! docs/docker-api.md lists the routes that there are and those that are refused, and no others.

use std::collections::BTreeSet;

#[test]
fn every_route_is_documented_and_every_documented_route_is_there() {
    let documented: BTreeSet<String> = include_str!("../../../docs/docker-api.md")
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
