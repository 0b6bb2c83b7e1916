//! `chainpod explain`: which rule gives the Pods of a container which field.

use std::fmt::Write;

use anyhow::{Context, Result};
use engine::container::{Container, Record};
use pods::explain;
use rules::{Origin, Rules};

use crate::by_name::meant;
use crate::cluster::Place;
use crate::config::Explain;
use crate::print::table::table;

/// The heads of the table's columns.
const HEADS: [&str; 3] = ["FIELD", "VALUE", "FROM"];

/// The tables of all containers that `name` means.
///
/// # Errors
/// When the cluster cannot be reached; where no container is meant, or an id's beginning is several'.
pub(crate) async fn run(config: &Explain, name: &str) -> Result<String> {
    let place = Place::of(&config.look).await?;
    let records = pods::records(&place.client, &place.namespace, &place.scope);
    let records = records
        .await
        .with_context(|| format!("cannot list the records {place}"))?;
    text(&config.rules.current(), &records, name).context(place.to_string())
}

/// The tables of those of `records` that `name` means.
fn text(rules: &Rules, records: &[Record], name: &str) -> Result<String> {
    let mut meant: Vec<_> = meant(records, name)?
        .into_iter()
        .map(|record| &record.container)
        .collect();
    meant.sort_by(|one, other| one.name.cmp(&other.name));
    let tables = meant.into_iter().map(|container| {
        let rows = explain(rules, container, pods::Config::FABRIC_UID);
        let cells = |row: &Origin| [&row.field, &row.value, &row.rule].map(Clone::clone);
        let rows: Vec<_> = std::iter::once(HEADS.map(str::to_owned))
            .chain(rows.iter().map(cells))
            .collect();
        format!("{}{}", head(container), table(&rows))
    });
    Ok(tables.collect::<Vec<_>>().join("\n"))
}

/// Who it is, in a line of its own.
fn head(container: &Container) -> String {
    let mut head = format!("{} ({}", container.name, container.id.short());
    for (what, known) in [
        ("chaincode", container.chaincode()),
        ("peer", container.peer()),
        ("msp", container.msp()),
    ] {
        if let Some(known) = known {
            // A text takes all that is written to it.
            let _ = write!(head, ", {what} {known}");
        }
    }
    head + ")\n"
}

#[cfg(test)]
mod tests;
