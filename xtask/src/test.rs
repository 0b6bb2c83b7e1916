//! `cargo xtask test`: everything that a push must pass, in the order of what
//! fails soonest, and at its end one line that counts the tests.

pub(crate) mod gates;
mod tools;
mod trace;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use clap::Args;
use harness::matrix;
use lab::cluster::Cluster;
use lab::go_build;
use lab::progress::Progress;

/// The Go modules with code of our own. The others only pin programs.
const GO_MODULES_WITH_CODE: [&str; 3] = ["images/pause", "chaincode/go", "chaincode/go-1.4"];
/// Two more, for `--full`: of their few lines vet reads all that they import, for minutes.
const GO_MODULES_WITH_MUCH: [&str; 2] = ["kubernetes", "cert-manager"];
/// The Go modules with dependencies, which must be what their go.sum says.
const GO_MODULES: [&str; 11] = [
    "kubernetes",
    "containerd",
    "coredns",
    "helm",
    "kube-network-policies",
    "versitygw",
    "fabric/v1.4",
    "fabric/v2.1",
    "fabric/v2.5",
    "chaincode/go",
    "chaincode/go-1.4",
];
/// One more, for `--full`: nothing else fetches what it requires.
const GO_MODULE_OF_FULL: &str = "cert-manager";
/// The chaincode whose compiler is the one that runs it. Java's is compiled on the lab.
const NODE_CHAINCODE: &str = "chaincode/node";
/// The start of the line with the counts of cargo's test runner.
const RESULT: &str = "test result:";

/// Which tests.
#[derive(Args)]
pub(crate) struct Test {
    /// Leaves out what needs the lab.
    #[arg(long)]
    quick: bool,
    /// Adds what takes long.
    #[arg(long, conflicts_with = "quick")]
    full: bool,
}

#[derive(Default)]
struct Counts {
    passed: u64,
    failed: u64,
    skipped: u64,
}

/// Runs them.
///
/// # Errors
/// Returns an error if anything fails. The closing line is printed either way.
pub(crate) fn run(options: &Test) -> Result<()> {
    let progress = Progress::new("test");
    let mut counts = Counts::default();
    let outcome = all(options, &progress, &mut counts);
    if let Err(error) = &outcome {
        eprintln!("{error:#}");
        counts.failed += 1;
    }
    progress.finish();
    println!(
        "{} passed, {} failed, {} skipped",
        counts.passed, counts.failed, counts.skipped
    );
    if counts.failed > 0 {
        bail!("the tests failed")
    } else {
        Ok(())
    }
}

fn all(options: &Test, progress: &Progress, counts: &mut Counts) -> Result<()> {
    gates::all(progress)?;
    cargo_test(&["--workspace", "--exclude", "chainpod-e2e"], counts)?;
    if options.quick {
        skip("the tests on the lab (--quick)", counts);
        return Ok(());
    }
    check_lab_sources(options, progress)?;
    if Cluster::running().is_some() {
        skip(
            "that the lab leaves the machine as it was: it is up already",
            counts,
        );
        return on_the_lab(options, counts);
    }
    if options.full {
        counts.passed += trace::full(progress)?;
    }
    trace::compared(progress, || on_the_lab(options, counts))?;
    counts.passed += 1;
    Ok(())
}

/// Checks the sources that the lab runs and that Rust's own tools do not read.
fn check_lab_sources(options: &Test, progress: &Progress) -> Result<()> {
    let much = options.full.then_some(GO_MODULES_WITH_MUCH);
    for module in GO_MODULES_WITH_CODE.into_iter().chain(much.into_iter().flatten()) {
        check(
            progress,
            "go",
            &["vet", "-trimpath", "."],
            &go_build::folder().join(module),
        )?;
    }
    let of_full = options.full.then_some(GO_MODULE_OF_FULL);
    for module in GO_MODULES.into_iter().chain(of_full) {
        check(
            progress,
            "go",
            &["mod", "verify"],
            &go_build::folder().join(module),
        )?;
    }
    let node = go_build::folder().join(NODE_CHAINCODE);
    check(progress, "node", &["--check", "index.js"], &node)
}

fn on_the_lab(options: &Test, counts: &mut Counts) -> Result<()> {
    let all: &[&str] = if options.full {
        &["--", "--include-ignored"]
    } else {
        &[]
    };
    matrix::clear()?;
    let outcome = cargo_test(&[&["--package", "chainpod-e2e"], all].concat(), counts);
    println!("{}", matrix::table()?);
    outcome
}

fn skip(what: &str, counts: &mut Counts) {
    println!("skipped: {what}");
    counts.skipped += 1;
}

fn check(progress: &Progress, program: &str, arguments: &[&str], folder: &Path) -> Result<()> {
    let name = format!("{program} {} in {}", arguments.join(" "), folder.display());
    progress.step(&name, || {
        let status = Command::new(program)
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::null())
            .status();
        let status = status.with_context(|| format!("cannot run {program}"))?;
        if status.success() {
            Ok(())
        } else {
            bail!("{name} failed: {status}")
        }
    })
}

/// Runs `cargo test`, showing and counting what it prints. Tests that fail are counted, not an error.
fn cargo_test(arguments: &[&str], counts: &mut Counts) -> Result<()> {
    let mut child = Command::new("cargo")
        .args(["test", "--no-fail-fast"])
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run cargo")?;
    let before = counts.failed;
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).lines() {
            let line = line?;
            println!("{line}");
            if let Some(result) = line.trim().strip_prefix(RESULT) {
                counts.passed += number_before(result, "passed");
                counts.failed += number_before(result, "failed");
                counts.skipped += number_before(result, "ignored");
            }
        }
    }
    let status = child.wait()?;
    if !status.success() && counts.failed == before {
        bail!(
            "cargo test {} failed before it ran: {status}",
            arguments.join(" ")
        );
    }
    Ok(())
}

/// The number before a word: `6 passed;` has 6 before `passed`.
fn number_before(text: &str, word: &str) -> u64 {
    let words: Vec<_> = text.split_whitespace().collect();
    let found = words
        .windows(2)
        .find(|pair| pair[1].trim_end_matches(';') == word);
    found.and_then(|pair| pair[0].parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_from_cargos_line() {
        let line = " ok. 11 passed; 2 failed; 3 ignored; 0 measured; 0 filtered out; finished in 0.06s";
        assert_eq!(
            ["passed", "failed", "ignored"].map(|word| number_before(line, word)),
            [11, 2, 3]
        );
    }
}
