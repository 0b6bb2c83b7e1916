//! Finds the containers that an operator means by a name.

use anyhow::{Result, bail};
use engine::container::{Container, Record};

/// The characters between a chaincode's name and the version in its package's label.
const LABEL_JOINTS: [char; 4] = ['_', '.', '-', ':'];

/// Returns the container with that name or id, or else the containers of the chaincode with that name or
/// label. `kv` also matches `kv_1`.
///
/// # Errors
/// Returns an error if nothing matches, or if the name is ambiguous.
pub(crate) fn meant<'a>(records: &'a [Record], name: &str) -> Result<Vec<&'a Record>> {
    let of = |is_meant: &dyn Fn(&Container) -> bool| -> Vec<_> {
        let meant = records.iter().filter(|record| is_meant(&record.container));
        meant.collect()
    };
    let name = name.trim_start_matches('/');
    let by_name = of(&|container| container.name == name);
    if !by_name.is_empty() {
        return Ok(by_name);
    }
    let is_chaincode =
        |is_it: &dyn Fn(&str) -> bool| of(&|container| container.chaincode().is_some_and(is_it));
    let by_chaincode = is_chaincode(&|known| known.eq_ignore_ascii_case(name));
    if !by_chaincode.is_empty() {
        return Ok(by_chaincode);
    }
    let by_label = is_chaincode(&|label| begins(label, name));
    if !by_label.is_empty() {
        return of_one_label(by_label, name);
    }
    let by_id = of(&|container| container.id.0.starts_with(name));
    match by_id.len() {
        0 => bail!("no container or chaincode has the name {name}"),
        1 => Ok(by_id),
        several => bail!("the ids of {several} containers begin with {name}: give a longer part"),
    }
}

/// Returns true if a label is that name followed by a version.
fn begins(label: &str, name: &str) -> bool {
    let (Some(head), Some(rest)) = (label.get(..name.len()), label.get(name.len()..)) else {
        return false;
    };
    !name.is_empty() && head.eq_ignore_ascii_case(name) && rest.starts_with(LABEL_JOINTS)
}

fn of_one_label<'a>(meant: Vec<&'a Record>, name: &str) -> Result<Vec<&'a Record>> {
    let mut labels: Vec<_> = meant
        .iter()
        .filter_map(|record| record.container.chaincode())
        .collect();
    labels.sort_unstable();
    labels.dedup();
    if labels.len() > 1 {
        bail!("{name} matches {}: give one of these names", labels.join(", "));
    }
    Ok(meant)
}

#[cfg(test)]
pub(crate) mod tests;
