//! The examples of `--help`: each is shown, and those that need this checkout only run here, for real.

#[path = "../src/examples.rs"]
mod examples;

use std::path::Path;
use std::process::{Command, Output};

use examples::{HERE, ON_THE_LAB};

/// Runs `cargo xtask …` as the alias does.
fn xtask(line: &str) -> Output {
    let arguments = line.strip_prefix("cargo xtask ").unwrap();
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(arguments.split_whitespace())
        .current_dir(xtask.parent().unwrap())
        .output()
        .unwrap()
}

#[test]
fn examples_that_need_this_checkout_only_run() {
    for example in HERE {
        let done = xtask(example.line);
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{}: {said}", example.line);
    }
}

#[test]
fn the_help_of_a_task_shows_its_examples() {
    for example in HERE.iter().chain(ON_THE_LAB) {
        let done = xtask(&format!("cargo xtask {} --help", example.task));
        let text = String::from_utf8_lossy(&done.stdout);
        let shown = |wanted| text.lines().any(|line| line.trim() == wanted);
        assert!(
            shown(example.line) && shown(example.does),
            "{}: {text}",
            example.line
        );
    }
}
