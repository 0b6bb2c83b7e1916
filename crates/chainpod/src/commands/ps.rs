//! `chainpod ps`: lists the containers of this installation, read from Kubernetes.

mod row;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::ArgMatches;
use engine::container::Role;
use jiff::Timestamp;
use pods::View;
use tokio::sync::Notify;

use self::row::{cells, heads, json, wide_cells, wide_heads};
use crate::cli;
use crate::cluster::Place;
use crate::config::Look;
use crate::print::print;
use crate::print::table::table;

/// The time for which changes are gathered: one event changes several objects.
const SETTLE: Duration = Duration::from_millis(200);

/// The format of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Table,
    Wide,
    Json,
    Name,
}

/// Prints the list. With `--watch`, also prints all later changes.
///
/// # Errors
/// Returns an error if the cluster cannot be reached or does not answer.
pub(crate) async fn run(look: &Look, flags: &ArgMatches) -> Result<()> {
    let place = Place::of(look).await?;
    let format = match flags.get_one::<String>(cli::OUTPUT).map(String::as_str) {
        Some("wide") => Format::Wide,
        Some("json") => Format::Json,
        Some("name") => Format::Name,
        _ => Format::Table,
    };
    let all = flags.get_flag(cli::ALL);
    let views = listed(&place).await?;
    let shown: Vec<_> = views.iter().filter(|view| all || runs(view)).cloned().collect();
    print(&text(&shown, format));
    if flags.get_flag(cli::WATCH) {
        watch(&place, all, format, lines(&shown)).await?;
    }
    Ok(())
}

/// Prints the changed containers each time that some change: those that were shown, and those that match now.
async fn watch(place: &Place, all: bool, format: Format, mut known: HashMap<String, String>) -> Result<()> {
    let changed = Arc::new(Notify::new());
    let watching = pods::changes(&place.client, &place.namespace, &place.scope, || {
        changed.notify_one();
    });
    let printing = async {
        loop {
            changed.notified().await;
            tokio::time::sleep(SETTLE).await;
            let mut views = listed(place).await?;
            views.retain(|view| all || runs(view) || known.contains_key(&view.record.uid));
            let now = lines(&views);
            let differs = |view: &View| now.get(&view.record.uid) != known.get(&view.record.uid);
            print(&text_of_changed(&views, format, differs));
            known = now;
        }
    };
    tokio::select! {
        () = watching => Ok(()),
        failed = printing => failed,
    }
}

/// Returns all containers, oldest first, as they are now.
async fn listed(place: &Place) -> Result<Vec<View>> {
    let views = pods::views(&place.client, &place.namespace, &place.scope);
    let mut views = views
        .await
        .with_context(|| format!("cannot list records and pods {place}"))?;
    views.sort_by(|one, other| {
        let key = |view: &View| (view.container().created, view.container().name.clone());
        key(one).cmp(&key(other))
    });
    Ok(views)
}

/// Returns true if it is chaincode that runs or is being started.
fn runs(view: &View) -> bool {
    let container = view.container();
    container.role == Role::Chaincode && container.phase.is_live()
}

/// Returns the compared part of each container, by its record's uid. The age is not compared.
fn lines(views: &[View]) -> HashMap<String, String> {
    let line = |view: &View| (view.record.uid.clone(), json(view).to_string());
    views.iter().map(line).collect()
}

fn text(views: &[View], format: Format) -> String {
    let now = Timestamp::now();
    match format {
        Format::Table => {
            let rows = views.iter().map(|view| cells(view, now));
            table(&std::iter::once(heads()).chain(rows).collect::<Vec<_>>())
        }
        Format::Wide => {
            let rows = views.iter().map(|view| wide_cells(view, now));
            table(&std::iter::once(wide_heads()).chain(rows).collect::<Vec<_>>())
        }
        Format::Json => {
            let all: Vec<_> = views.iter().map(json).collect();
            format!("{:#}\n", serde_json::Value::from(all))
        }
        Format::Name => {
            let names = views.iter().map(|view| format!("{}\n", view.container().name));
            names.collect()
        }
    }
}

/// Returns a line for each container that differs, as wide as if all were listed.
fn text_of_changed(views: &[View], format: Format, differs: impl Fn(&View) -> bool) -> String {
    let lines: Vec<String> = match format {
        Format::Table | Format::Wide => text(views, format).lines().skip(1).map(str::to_owned).collect(),
        Format::Json => views.iter().map(|view| json(view).to_string()).collect(),
        Format::Name => views.iter().map(|view| view.container().name.clone()).collect(),
    };
    let changed = lines.into_iter().zip(views).filter(|(_, view)| differs(view));
    changed.map(|(line, _)| line + "\n").collect()
}

#[cfg(test)]
mod tests;
