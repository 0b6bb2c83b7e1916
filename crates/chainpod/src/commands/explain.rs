//! `chainpod explain`: shows which rule sets which field of a container's Pods.

use std::fmt::Write;

use anyhow::{Context, Result};
use engine::container::{Container, Record};
use pods::explain;
use rules::{Origin, Rules};

use crate::by_name::meant;
use crate::cluster::Place;
use crate::config::Explain;
use crate::print::table::table;

/// The headings of the table's columns.
const HEADS: [&str; 3] = ["FIELD", "VALUE", "FROM"];

/// Returns the tables of all containers that `name` means.
///
/// # Errors
/// Returns an error if the cluster cannot be reached, if no container matches, or if the id prefix is
/// ambiguous.
pub(crate) async fn run(config: &Explain, name: &str) -> Result<String> {
    let place = Place::of(&config.look).await?;
    let records = pods::records(&place.client, &place.namespace, &place.scope);
    let records = records
        .await
        .with_context(|| format!("cannot list the records {place}"))?;
    text(&config.rules.current(), &records, name).context(place.to_string())
}

/// Returns the tables of those `records` that `name` means.
fn text(rules: &Rules, records: &[Record], name: &str) -> Result<String> {
    let mut meant = meant(records, name)?;
    meant.sort_by(|one, other| one.container.name.cmp(&other.container.name));
    let tables = meant.into_iter().map(|record| {
        let rows = explain(rules, record);
        let cells = |row: &Origin| [&row.field, &row.value, &row.rule].map(Clone::clone);
        let rows: Vec<_> = std::iter::once(HEADS.map(str::to_owned))
            .chain(rows.iter().map(cells))
            .collect();
        format!("{}{}", head(&record.container), table(&rows))
    });
    Ok(tables.collect::<Vec<_>>().join("\n"))
}

/// Returns a line that identifies the container.
fn head(container: &Container) -> String {
    let mut head = format!("{} ({}", container.name, container.id.short());
    for (what, known) in [
        ("chaincode", container.chaincode()),
        ("peer", container.peer()),
        ("msp", container.msp()),
    ] {
        if let Some(known) = known {
            // Writing to a string never fails.
            let _ = write!(head, ", {what} {known}");
        }
    }
    head + ")\n"
}

#[cfg(test)]
mod tests;
