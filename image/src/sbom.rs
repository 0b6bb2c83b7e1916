//! The list of the crates that cargo links into the image's programs for a target, with their checksums from
//! Cargo.lock, as CycloneDX.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use cyclonedx_bom::models::bom::{Bom, SpecVersion};
use cyclonedx_bom::models::component::{Classification, Component, Components};
use cyclonedx_bom::models::license::{LicenseChoice, Licenses};
use cyclonedx_bom::models::metadata::Metadata;
use cyclonedx_bom::prelude::{Purl, Validate};

/// The image's programs.
const PACKAGES: [&str; 2] = ["chainpod", "chainpod-agent"];
/// The edges to linked crates, without build scripts and macros.
const EDGES: &str = "normal,no-proc-macro";
/// Package and licence, as [`component`] reads them.
const FORMAT: &str = "{p}\t{l}";

/// Returns the list for a target, which is the same for the same Cargo.lock.
///
/// # Errors
/// Returns an error if cargo fails, or the list is not valid CycloneDX.
pub fn of(target: &str) -> Result<Vec<u8>> {
    let mut lines = BTreeSet::new();
    for package in PACKAGES {
        let tree = Command::new("cargo")
            .args([
                "tree",
                "--locked",
                "--prefix=none",
                "--edges",
                EDGES,
                "--format",
                FORMAT,
            ])
            .args(["--target", target, "--package", package])
            .output()
            .context("cannot run cargo")?;
        let said = String::from_utf8_lossy(&tree.stderr).into_owned();
        ensure!(tree.status.success(), "cargo tree failed: {said}");
        let text = String::from_utf8_lossy(&tree.stdout).into_owned();
        // What was listed before ends so.
        lines.extend(text.lines().map(|line| line.trim_end_matches(" (*)").to_owned()));
    }
    let components = lines.iter().map(|line| component(line)).collect::<Result<_>>()?;
    let image = Component::new(
        Classification::Container,
        "chainpod",
        env!("CARGO_PKG_VERSION"),
        Some("image".to_owned()),
    );
    let bom = Bom {
        // Those of the default are the time's and random.
        serial_number: None,
        metadata: Some(Metadata {
            component: Some(image),
            ..Metadata::default()
        }),
        components: Some(Components(components)),
        ..Bom::default()
    };
    let checked = bom.validate_version(SpecVersion::V1_5);
    ensure!(checked.passed(), "the list is no CycloneDX: {checked:?}");
    let mut json = Vec::new();
    bom.output_as_json_v1_5(&mut json)?;
    Ok(json)
}

/// From `name v1.2.3 (path)\tlicence`.
fn component(line: &str) -> Result<Component> {
    let (package, licence) = line.split_once('\t').context("cargo tree has another format")?;
    let mut words = package.split(' ');
    let name = words.next().context("a package has no name")?;
    let version = words
        .next()
        .context("a package has no version")?
        .trim_start_matches('v');
    let purl = Purl::new("cargo", name, version)?;
    let mut component = Component::new(Classification::Library, name, version, Some(purl.to_string()));
    component.purl = Some(purl);
    if !licence.is_empty() {
        // Older crates write OR as a slash.
        let expression = licence.replace('/', " OR ");
        component.licenses = Some(Licenses(vec![LicenseChoice::expression(&expression)]));
    }
    Ok(component)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_linked_is_listed_and_what_only_builds_or_tests_is_not() {
        let target = "x86_64-unknown-linux-gnu";
        let list = of(target).unwrap();
        assert_eq!(list, of(target).unwrap());
        let bom = Bom::parse_from_json_v1_5(&list[..]).unwrap();
        let names: Vec<_> = bom
            .components
            .unwrap()
            .0
            .into_iter()
            .map(|part| part.name.to_string())
            .collect();
        for linked in ["chainpod", "chainpod-agent", "rustls", "kube", "ring"] {
            assert!(names.iter().any(|name| name == linked), "{linked} is missing");
        }
        for other in [
            "serde_derive",
            "cc",
            "chainpod-lab",
            "windows-sys",
            "chainpod-testkit",
        ] {
            assert!(
                names.iter().all(|name| name != other),
                "{other} is not in the image"
            );
        }
    }
}
