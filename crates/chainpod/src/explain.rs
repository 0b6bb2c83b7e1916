//! `chainpod explain`: which rule gives the Pods of a container which field.

use std::fmt::Write;

use anyhow::{Context, Result, bail};
use engine::container::{Container, Record};
use engine::name::Scope;
use kube_adapter::explain;
use rules::{Origin, Rules};

use crate::cluster::kube_config;
use crate::config::Explain;

/// The heads of the table's columns.
const HEADS: [&str; 3] = ["FIELD", "VALUE", "FROM"];

/// The tables of all containers that `name` means.
///
/// # Errors
/// When the cluster cannot be reached; where no container is meant, or an id's beginning is several'.
pub(crate) async fn run(config: &Explain, name: &str) -> Result<String> {
    // Fails only where another is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let kube = kube_config(config.kubeconfig.as_deref()).await?;
    let namespace = config.namespace.clone();
    let namespace = namespace.unwrap_or_else(|| kube.default_namespace.clone());
    let url = kube.cluster_url.clone();
    let client = kube::Client::try_from(kube)?;
    let scope = Scope(config.instance.clone());
    let records = kube_adapter::records(&client, &namespace, &scope)
        .await
        .with_context(|| format!("cannot list the records in namespace {namespace} at {url}"))?;
    let place = format!("in namespace {namespace}, of instance {}", scope.0);
    text(&config.rules.current(), &records, name).context(place)
}

/// The tables of those of `records` that `name` means.
fn text(rules: &Rules, records: &[Record], name: &str) -> Result<String> {
    let mut meant: Vec<_> = meant(records, name)?
        .into_iter()
        .map(|record| &record.container)
        .collect();
    meant.sort_by(|one, other| one.name.cmp(&other.name));
    let tables = meant.into_iter().map(|container| {
        let rows = explain(rules, container, kube_adapter::Config::FABRIC_UID);
        format!("{}{}", head(container), table(&rows))
    });
    Ok(tables.collect::<Vec<_>>().join("\n"))
}

/// The container of that name or id; else those of the chaincode of that name.
fn meant<'a>(records: &'a [Record], name: &str) -> Result<Vec<&'a Record>> {
    let of = |is_meant: &dyn Fn(&Container) -> bool| -> Vec<_> {
        let meant = records.iter().filter(|record| is_meant(&record.container));
        meant.collect()
    };
    let name = name.trim_start_matches('/');
    let by_name = of(&|container| container.name == name);
    if !by_name.is_empty() {
        return Ok(by_name);
    }
    let by_chaincode = of(&|container| {
        container
            .chaincode()
            .is_some_and(|known| known.eq_ignore_ascii_case(name))
    });
    if !by_chaincode.is_empty() {
        return Ok(by_chaincode);
    }
    let by_id = of(&|container| container.id.0.starts_with(name));
    match by_id.len() {
        0 => bail!("no container and no chaincode is called {name}"),
        1 => Ok(by_id),
        several => bail!("{several} containers have an id that begins with {name}: give more of it"),
    }
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

/// Columns as wide as their widest cell; what would break a line is written as in JSON.
fn table(rows: &[Origin]) -> String {
    let one_line = |text: &str| match text.contains(char::is_control) {
        true => serde_json::Value::from(text).to_string(),
        false => text.to_owned(),
    };
    let rows = rows
        .iter()
        .map(|row| [&row.field, &row.value, &row.rule].map(|cell| one_line(cell)));
    let rows: Vec<_> = std::iter::once(HEADS.map(str::to_owned)).chain(rows).collect();
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or_default()
    };
    let (field, value) = (width(0), width(1));
    let line = |row: &[String; 3]| format!("{:field$}  {:value$}  {}\n", row[0], row[1], row[2]);
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests;
