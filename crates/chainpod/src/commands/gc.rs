//! `chainpod gc`: lists objects, images and blobs that are no longer needed, and removes them if `--delete`
//! is given.

use std::collections::HashSet;

use anyhow::{Context, Result};
use engine::container::Record;
use engine::image::{Digest, Image};
use jiff::Timestamp;
use pods::{Found, Garbage, Kind};
use store::{Location, OfflineStore};

use crate::cluster::Place;
use crate::config::Gc;
use crate::print::print;
use crate::print::table::table;

/// Findings that can be removed.
struct Waste {
    objects: Vec<Garbage>,
    images: Vec<Image>,
    /// The number of blobs and their size in bytes. The blobs of `images` are not included.
    blobs: (usize, u64),
    /// True if blobs may be removed.
    sweeps: bool,
    /// The records that stay.
    kept: Vec<Record>,
    /// The things that were skipped, and the reasons.
    notes: Vec<String>,
}

/// Prints all leftovers, and removes them if `--delete` is given.
///
/// # Errors
/// Returns an error if the cluster or the store does not answer, or if something cannot be removed.
pub(crate) async fn run(config: &Gc) -> Result<()> {
    let place = Place::of(&config.look).await?;
    let found = pods::garbage(&place.client, &place.namespace, &place.scope, config.older_than);
    let found = found
        .await
        .with_context(|| format!("cannot look for garbage {place}"))?;
    let offline = offline(&config.store).await?;
    let waste = waste(config, &place, found, offline.as_ref()).await?;
    print(&text(&waste));
    if !config.delete {
        print("nothing was removed; run with --delete to remove these\n");
        return Ok(());
    }
    for garbage in &waste.objects {
        let removed = pods::remove(&place.client, &place.namespace, garbage).await;
        removed.with_context(|| {
            let (kind, name) = (kind(garbage.kind), &garbage.name);
            format!("cannot remove {kind} {name} {place}: run gc again if the object has changed")
        })?;
    }
    if let Some(offline) = &offline {
        for image in &waste.images {
            offline.forget(&place.scope, &image.name).await?;
        }
        if waste.sweeps {
            offline.sweep(needed(&waste.kept)).await?;
        }
    }
    print("removed\n");
    Ok(())
}

/// Returns the store, or none if there is no store here.
async fn offline(location: &Location) -> Result<Option<OfflineStore>> {
    match location {
        Location::Directory(path) if !path.is_dir() => Ok(None),
        location => Ok(Some(OfflineStore::open(location).await?)),
    }
}

async fn waste(
    config: &Gc,
    place: &Place,
    mut found: Found,
    offline: Option<&OfflineStore>,
) -> Result<Waste> {
    let gone: HashSet<_> = found.garbage.iter().map(|garbage| &garbage.name).collect();
    found.records.retain(|record| !gone.contains(&record.name.0));
    let mut waste = Waste {
        objects: found.garbage,
        images: Vec::new(),
        blobs: (0, 0),
        sweeps: false,
        kept: found.records,
        notes: Vec::new(),
    };
    if let Some(why) = found.unseen_secrets {
        waste.notes.push(format!("secrets were skipped: {why}"));
    }
    let store = &config.store;
    let Some(offline) = offline else {
        waste.notes.push(format!(
            "the image store was skipped: {store} is not on this machine; run gc where chainpod serves, or set store"
        ));
        return Ok(waste);
    };
    if let Some(age) = config.images_older_than {
        let used = waste.kept.iter().map(|record| record.container.image.id.clone());
        let used: HashSet<Digest> = used.collect();
        waste.images = offline
            .old_images(&place.scope, &used, Timestamp::now() - age)
            .await?;
    }
    if !offline.is_alone() {
        let holder = offline.served_by().map(|holder| format!(" ({holder})"));
        waste.notes.push(format!(
            "blobs of {store} were skipped: the chainpod that serves it{} removes them itself",
            holder.unwrap_or_default()
        ));
    } else if offline.has_others(&place.scope).await? {
        waste.notes.push(format!(
            "blobs of {store} were skipped: it also has images of other instances than {}, whose containers gc does not know",
            place.scope.0
        ));
    } else {
        waste.blobs = offline.idle(needed(&waste.kept)).await?;
        waste.sweeps = true;
    }
    Ok(waste)
}

/// Returns the blobs that these containers need.
fn needed(records: &[Record]) -> HashSet<Digest> {
    let containers = records.iter().map(|record| &record.container);
    containers
        .flat_map(|container| container.inputs().chain(container.outputs.values()).cloned())
        .collect()
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::ConfigMap => "configmap",
        Kind::Pod => "pod",
        Kind::Secret => "secret",
    }
}

fn text(waste: &Waste) -> String {
    let row = |kind: &str, name: &str, why: String| [kind.to_owned(), name.to_owned(), why];
    let mut rows = vec![row("KIND", "NAME", "WHY".to_owned())];
    let objects = waste.objects.iter();
    rows.extend(objects.map(|garbage| row(kind(garbage.kind), &garbage.name, garbage.why.clone())));
    let built = |image: &Image| format!("no container uses it; it was built at {}", image.created);
    rows.extend(
        waste
            .images
            .iter()
            .map(|image| row("image", &image.name, built(image))),
    );
    let (count, bytes) = waste.blobs;
    if count > 0 {
        rows.push(row(
            "blobs",
            &count.to_string(),
            format!("no image or container needs these {bytes} bytes"),
        ));
    }
    let listed = if rows.len() > 1 {
        table(&rows)
    } else {
        "there is no garbage\n".to_owned()
    };
    let notes = waste.notes.iter().map(|note| format!("note: {note}\n"));
    listed + &notes.collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_said() {
        let mut waste = Waste {
            objects: Vec::new(),
            images: Vec::new(),
            blobs: (0, 0),
            sweeps: true,
            kept: Vec::new(),
            notes: vec!["secrets were skipped: forbidden".to_owned()],
        };
        assert_eq!(
            text(&waste),
            "there is no garbage\nnote: secrets were skipped: forbidden\n"
        );
        waste.blobs = (2, 7);
        assert_eq!(
            text(&waste),
            "KIND   NAME  WHY\nblobs  2     no image or container needs these 7 bytes\nnote: secrets were skipped: forbidden\n"
        );
    }
}
