//! `cargo xtask circles`: the files of a crate that need each other, and how many of them each crate may have.

mod graph;
mod module;
mod syntax;
mod tree;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use self::tree::Tree;

/// The number of files of a crate that may be in one circle. A crate that is not here may have none.
///
/// A node of the lab is one thing in four files: how it starts, its programs, their configuration and its end.
const ALLOWED: [(&str, usize); 1] = [("chainpod-lab", 4)];

/// Files that need each other.
struct Circle {
    package: String,
    size: usize,
    /// A line for each file that needs another of them, with the names that it needs.
    ties: String,
}

impl Circle {
    fn allowed(&self) -> usize {
        let known = ALLOWED.iter().find(|(package, _)| *package == self.package);
        known.map_or(0, |(_, allowed)| *allowed)
    }

    fn is_allowed(&self) -> bool {
        self.size <= self.allowed()
    }
}

/// Prints all circles of the workspace.
///
/// # Errors
/// Returns an error if one is larger than allowed, or a source file cannot be read.
pub(crate) fn run() -> Result<()> {
    let circles = of_workspace()?;
    print!("{}", text(circles.iter()));
    for (package, allowed) in ALLOWED {
        let sizes = circles.iter().filter(|circle| circle.package == package);
        let largest = sizes.map(|circle| circle.size).max().unwrap_or(0);
        if largest < allowed {
            println!(
                "{package}: {allowed} are allowed and {largest} are enough: lower its figure in ALLOWED"
            );
        }
    }
    let too_large = circles.iter().filter(|circle| !circle.is_allowed()).count();
    ensure!(too_large == 0, "{too_large} circles of files are too large");
    Ok(())
}

/// Checks that no circle of the workspace is larger than allowed.
///
/// # Errors
/// Returns an error if one is: with its files. When a source file cannot be read.
pub(crate) fn check() -> Result<()> {
    let circles = of_workspace()?;
    let text = text(circles.iter().filter(|circle| !circle.is_allowed()));
    ensure!(text.is_empty(), "circles of files are too large:\n{text}");
    Ok(())
}

fn text<'a>(circles: impl Iterator<Item = &'a Circle>) -> String {
    circles.fold(String::new(), |text, circle| {
        let Circle { package, size, ties } = circle;
        let allowed = circle.allowed();
        text + &format!("{package}: {size} files need each other, {allowed} are allowed\n{ties}")
    })
}

/// Returns the circles of all libraries and programs of the workspace.
fn of_workspace() -> Result<Vec<Circle>> {
    let output = Command::new("cargo")
        .args(["metadata", "--no-deps", "--locked", "--format-version=1"])
        .output()
        .context("cannot run cargo")?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "cargo metadata failed: {said}");
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let workspace = metadata["workspace_root"].as_str().context("no workspace")?;
    let mut circles = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        for target in package["targets"].as_array().into_iter().flatten() {
            // Tests, examples and build scripts are not part of the crate.
            if matches!(target["kind"][0].as_str(), Some("lib" | "bin")) {
                let root = PathBuf::from(target["src_path"].as_str().unwrap_or_default());
                circles.extend(of_target(name, root, Path::new(workspace))?);
            }
        }
    }
    Ok(circles)
}

/// Returns the circles of a library or a program. Its files are shown as `folder` has them.
fn of_target(package: &str, root: PathBuf, folder: &Path) -> Result<Vec<Circle>> {
    let tree = Tree::read(root)?;
    let needs = tree.needs();
    let arrows: Vec<_> = needs.keys().copied().collect();
    let shown = |file: usize| {
        let file: &Path = &tree.files[file];
        file.strip_prefix(folder).unwrap_or(file).display()
    };
    let circles = graph::circles(tree.files.len(), &arrows)
        .into_iter()
        .map(|files| {
            let mut ties = String::new();
            for ((from, to), names) in &needs {
                if files.contains(from) && files.contains(to) {
                    let names: Vec<_> = names.iter().map(String::as_str).collect();
                    let _ = writeln!(ties, "  {} → {}: {}", shown(*from), shown(*to), names.join(", "));
                }
            }
            Circle {
                package: package.to_owned(),
                size: files.len(),
                ties,
            }
        });
    Ok(circles.collect())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Returns the circles of two files that need each other, as a crate of that name.
    fn circles(package: &str) -> Vec<Circle> {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("lib.rs");
        fs::write(&root, "mod a; mod b;").unwrap();
        fs::write(folder.path().join("a.rs"), "use crate::b::B; pub struct A;").unwrap();
        fs::write(folder.path().join("b.rs"), "use crate::a::A; pub struct B;").unwrap();
        of_target(package, root, folder.path()).unwrap()
    }

    #[test]
    fn a_crate_may_have_the_circle_that_is_allowed_and_any_other_has_none() {
        let [allowed] = &circles("chainpod-lab")[..] else {
            panic!("one circle was expected")
        };
        assert!(allowed.is_allowed());
        let others = circles("another");
        assert!(!others[0].is_allowed());
        let expected =
            "another: 2 files need each other, 0 are allowed\n  b.rs → a.rs: A\n  a.rs → b.rs: B\n";
        assert_eq!(text(others.iter()), expected);
    }
}
