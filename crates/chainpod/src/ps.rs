//! `chainpod ps`: the containers of this installation, read from Kubernetes.

mod row;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::ArgMatches;
use engine::container::Role;
use jiff::Timestamp;
use kube_adapter::View;
use tokio::sync::Notify;

use self::row::{cells, heads, json, wide_cells, wide_heads};
use crate::cli;
use crate::cluster::Place;
use crate::config::Look;
use crate::output::print;
use crate::table::table;

/// Several objects change with one event: so long they are gathered.
const SETTLE: Duration = Duration::from_millis(200);

/// How a list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Table,
    Wide,
    Json,
    Name,
}

/// Prints the list; with `--watch` what has changed, again and again.
///
/// # Errors
/// When the cluster cannot be reached or asked.
pub(crate) async fn run(look: &Look, flags: &ArgMatches) -> Result<()> {
    let place = Place::of(look).await?;
    let format = match flags.get_one::<String>(cli::OUTPUT).map(String::as_str) {
        Some("wide") => Format::Wide,
        Some("json") => Format::Json,
        Some("name") => Format::Name,
        _ => Format::Table,
    };
    let all = flags.get_flag(cli::ALL);
    let views = listed(&place, all).await?;
    print(&text(&views, format, true));
    if flags.get_flag(cli::WATCH) {
        watch(&place, all, format, lines(&views)).await?;
    }
    Ok(())
}

/// Prints the containers that have changed, as often as some have.
async fn watch(place: &Place, all: bool, format: Format, mut known: HashMap<String, String>) -> Result<()> {
    let changed = Arc::new(Notify::new());
    let watching = kube_adapter::changes(&place.client, &place.namespace, &place.scope, || {
        changed.notify_one();
    });
    let printing = async {
        loop {
            changed.notified().await;
            tokio::time::sleep(SETTLE).await;
            let views = listed(place, all).await?;
            let now = lines(&views);
            let differs = |view: &View| now.get(&view.record.uid) != known.get(&view.record.uid);
            let news: Vec<_> = views.into_iter().filter(differs).collect();
            print(&text(&news, format, false));
            known = now;
        }
    };
    tokio::select! {
        () = watching => Ok(()),
        failed = printing => failed,
    }
}

/// What is listed, oldest first, as it is now.
async fn listed(place: &Place, all: bool) -> Result<Vec<View>> {
    let views = kube_adapter::views(&place.client, &place.namespace, &place.scope);
    let mut views = views
        .await
        .with_context(|| format!("cannot list records and pods {place}"))?;
    views.retain(|view| {
        let container = view.container();
        all || (container.role == Role::Chaincode && container.phase.is_live())
    });
    views.sort_by(|one, other| {
        let key = |view: &View| (view.container().created, view.container().name.clone());
        key(one).cmp(&key(other))
    });
    Ok(views)
}

/// What of each container matters, by its record's uid: not its age.
fn lines(views: &[View]) -> HashMap<String, String> {
    let line = |view: &View| (view.record.uid.clone(), json(view).to_string());
    views.iter().map(line).collect()
}

fn text(views: &[View], format: Format, with_heads: bool) -> String {
    let now = Timestamp::now();
    match format {
        Format::Table => {
            let heads = with_heads.then(heads).into_iter();
            let rows = heads.chain(views.iter().map(|view| cells(view, now)));
            table(&rows.collect::<Vec<_>>())
        }
        Format::Wide => {
            let heads = with_heads.then(wide_heads).into_iter();
            let rows = heads.chain(views.iter().map(|view| wide_cells(view, now)));
            table(&rows.collect::<Vec<_>>())
        }
        Format::Json if with_heads => {
            let all: Vec<_> = views.iter().map(json).collect();
            format!("{:#}\n", serde_json::Value::from(all))
        }
        Format::Json => views.iter().map(|view| json(view).to_string() + "\n").collect(),
        Format::Name => views
            .iter()
            .map(|view| format!("{}\n", view.container().name))
            .collect(),
    }
}

#[cfg(test)]
mod tests;
