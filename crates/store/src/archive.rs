//! An archive that is kept as it came, for an agent to unpack: its names are
//! looked at before it is.

use std::path::Path;

use engine::ports::StoreError;
use tokio::fs::File;

use crate::entries::Entries;
use crate::links::Links;
use crate::names::Names;
use crate::spool::disk;

/// Looks at every entry of the tar in that file.
///
/// # Errors
/// `Invalid` for what is no tar or beyond a limit, and, by name, for an entry that climbs out or is
/// written through a link that leads out.
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

/// The body has come whole: what is cut off is the tar itself.
fn invalid(error: StoreError) -> StoreError {
    match error {
        StoreError::Cut(text) => StoreError::Invalid(format!("the tar is cut off: {text}")),
        error => error,
    }
}
