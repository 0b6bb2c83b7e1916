//! An archive that is kept as it came, for an agent to unpack: its names are
//! looked at before it is.

use std::path::Path;

use engine::ports::{Reader, StoreError};
use futures::StreamExt;
use tokio::fs::File;
use tokio_tar::Archive;

use crate::limits::{self, entry_path, no_tar};
use crate::links::Links;
use crate::spool::disk;

/// Looks at every entry of the tar in that file.
///
/// # Errors
/// `Invalid` for what is no tar or beyond a limit, and, by name, for an entry that climbs out or is
/// written through a link that leads out.
pub(crate) async fn check(path: &Path) -> Result<(), StoreError> {
    limits::check(open(path).await?).await.map_err(invalid)?;
    let mut links = Links::new(None);
    let mut archive = Archive::new(open(path).await?);
    let mut entries = archive.entries().map_err(|error| no_tar(&error))?;
    while let Some(entry) = entries.next().await {
        let entry = entry.map_err(|error| invalid(no_tar(&error)))?;
        let name = entry.path().map_err(|error| no_tar(&error))?;
        let place = links.resolve(&entry_path(&name)?)?;
        let link = entry.link_name().map_err(|error| no_tar(&error))?;
        let kind = entry.header().entry_type();
        if let Some(link) = link.as_ref().filter(|_| kind.is_hard_link()) {
            links.resolve(&entry_path(link)?)?;
        }
        links.note(&place, link.as_deref().filter(|_| kind.is_symlink()));
    }
    Ok(())
}

async fn open(path: &Path) -> Result<Reader, StoreError> {
    let file = File::open(path).await.map_err(|error| disk(path, &error))?;
    Ok(Box::new(file))
}

/// The body has come whole: what is cut off is the tar itself.
fn invalid(error: StoreError) -> StoreError {
    match error {
        StoreError::Cut(text) => StoreError::Invalid(format!("the tar is cut off: {text}")),
        error => error,
    }
}
