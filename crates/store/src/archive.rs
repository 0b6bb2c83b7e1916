//! An archive that is stored unchanged, so that an agent can unpack it. Its entries are checked first.

use std::path::Path;

use engine::ports::StoreError;
use tokio::fs::File;

use crate::entries::Entries;
use crate::links::Links;
use crate::names::Names;
use crate::spool::disk;

/// Checks every entry of the tar in that file.
///
/// # Errors
/// Returns `Invalid` if the file is not a tar or passes a limit, and, with the entry's name, if an entry climbs
/// out or is written through a link that leads out.
pub(crate) async fn check(path: &Path) -> Result<(), StoreError> {
    let file = File::open(path).await.map_err(|error| disk(path, &error))?;
    let mut entries = Entries::new(Box::new(file))?;
    let (mut links, mut names) = (Links::new(None), Names::new());
    while let Some(entry) = entries.next().await.map_err(invalid)? {
        let place = links.resolve(&entry.path)?;
        if let Some(link) = entry.link.as_ref().filter(|_| entry.kind.is_hard_link()) {
            links.resolve(link)?;
        }
        links.note(&place, entry.symlink(), &mut names)?;
    }
    Ok(())
}

/// The body is complete, so the tar itself is truncated.
fn invalid(error: StoreError) -> StoreError {
    match error {
        StoreError::Cut(text) => StoreError::Invalid(format!("the tar is cut off: {text}")),
        error => error,
    }
}
