//! `cargo xtask gates`: checks of the whole tree that need neither its tests nor the lab, in the order of what fails
//! soonest. CONTRIBUTING.md has a line for each.

use std::path::Path;

use anyhow::{Result, bail};
use clap::Args;
use clap::builder::PossibleValuesParser;
use lab::progress::Progress;

use super::check;
use super::tools::{CARGO_DENY, CargoTool, TYPOS};
use crate::{circles, english, links, sizes};

/// One check of the tree.
struct Gate {
    name: &'static str,
    run: Run,
}

/// The program that makes a check.
enum Run {
    /// xtask itself.
    Here(fn() -> Result<()>),
    /// cargo, with these arguments.
    Cargo(&'static [&'static str]),
    /// A program of the cache, with these arguments.
    Tool(CargoTool, &'static [&'static str]),
}

/// THE table.
#[rustfmt::skip]
const GATES: [Gate; 9] = [
    Gate { name: "format",   run: Run::Cargo(&["fmt", "--all", "--check"]) },
    Gate { name: "english",  run: Run::Here(english::check) },
    Gate { name: "sizes",    run: Run::Here(sizes::check) },
    Gate { name: "circles",  run: Run::Here(circles::check) },
    Gate { name: "links",    run: Run::Here(links::check) },
    Gate { name: "spelling", run: Run::Tool(TYPOS, &[]) },
    Gate { name: "clippy",   run: Run::Cargo(&["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]) },
    Gate { name: "deny",     run: Run::Tool(CARGO_DENY, &["--all-features", "check", "bans", "licenses", "sources"]) },
    Gate { name: "docs",     run: Run::Cargo(&["--config", DENY_DOC_WARNINGS, "doc", "--workspace", "--no-deps", "--document-private-items", "--quiet"]) },
];
/// Makes a broken link of a doc comment an error.
const DENY_DOC_WARNINGS: &str = r#"build.rustdocflags = ["-D", "warnings"]"#;

/// Selects gates.
#[derive(Args)]
pub(crate) struct Gates {
    /// Runs these only.
    #[arg(value_name = "GATE", value_parser = PossibleValuesParser::new(GATES.iter().map(|gate| gate.name)))]
    names: Vec<String>,
}

/// Runs the gates that the options name, or all.
///
/// # Errors
/// Returns an error that names the gates that failed.
pub(crate) fn run(options: &Gates) -> Result<()> {
    let progress = Progress::new("gates");
    let named = |gate: &Gate| options.names.is_empty() || options.names.iter().any(|name| name == gate.name);
    let outcome = pass(&progress, named);
    progress.finish();
    outcome
}

/// Runs all gates.
///
/// # Errors
/// Returns an error that names the gates that failed.
pub(super) fn all(progress: &Progress) -> Result<()> {
    pass(progress, |_| true)
}

/// Runs some gates, also after one that failed.
fn pass(progress: &Progress, wanted: impl Fn(&Gate) -> bool) -> Result<()> {
    let mut failed = Vec::new();
    for gate in GATES.iter().filter(|gate| wanted(gate)) {
        if let Err(error) = gate.pass(progress) {
            eprintln!("{error:#}");
            failed.push(gate.name);
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    bail!(
        "these gates failed: {0}; see them alone with `cargo xtask gates {0}`",
        failed.join(" ")
    )
}

impl Gate {
    fn pass(&self, progress: &Progress) -> Result<()> {
        let here = Path::new(".");
        match &self.run {
            Run::Here(run) => progress.step(self.name, run),
            Run::Cargo(arguments) => check(progress, "cargo", arguments, here),
            Run::Tool(tool, arguments) => {
                let program = progress.step(&format!("{}, built if it is missing", self.name), || {
                    tool.installed()
                })?;
                check(progress, &program.display().to_string(), arguments, here)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree;

    #[test]
    fn contributing_names_every_gate() {
        let text = std::fs::read_to_string(tree::absolute("CONTRIBUTING.md")).unwrap();
        for gate in &GATES {
            assert!(text.contains(&format!("\n| `{}` |", gate.name)), "{}", gate.name);
        }
    }

    #[test]
    fn every_crate_has_the_lints_of_the_workspace() {
        let manifests = tree::files(&["toml"]).unwrap();
        let crates = manifests.iter().filter(|file| file.text.contains("[package]"));
        for manifest in crates {
            assert!(
                manifest.text.contains("[lints]\nworkspace = true"),
                "{}",
                manifest.path
            );
        }
    }
}
