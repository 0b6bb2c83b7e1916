//! Removes the whole lab: its networks, its cluster and, on request, its cache.

use anyhow::Result;

use crate::{cache, cluster, network};

/// Ends every network and the cluster. `purge` removes the cache too. An `up` in progress finishes first.
///
/// # Errors
/// Returns an error if a part of it cannot be ended or removed.
pub fn down(purge: bool) -> Result<()> {
    let _lock = cluster::lock()?;
    network::down_all()?;
    cluster::clear()?;
    if purge {
        cache::remove(&cache::root()?)?;
    }
    Ok(())
}
