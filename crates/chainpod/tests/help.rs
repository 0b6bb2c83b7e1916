//! The examples of `--help`: each is shown, and those that need no cluster are run here.

#[path = "../src/examples.rs"]
mod examples;

use std::path::Path;
use std::process::{Command, Output};

use examples::{ANYWHERE, ON_A_CLUSTER};

const CHAINPOD: &str = env!("CARGO_BIN_EXE_chainpod");

/// Runs a line in a shell that finds chainpod and has no cluster.
fn shell(line: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let programs = Path::new(CHAINPOD).parent().unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    Command::new("bash")
        .args(["-euo", "pipefail", "-c", line])
        .env_clear()
        .envs([("HOME", folder.path().as_os_str()), ("PATH", path.as_ref())])
        .current_dir(folder.path())
        .output()
        .unwrap()
}

#[test]
fn examples_that_need_no_cluster_run() {
    for example in ANYWHERE {
        let done = shell(example.line);
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(
            done.status.success() && said.is_empty(),
            "{}: {said}",
            example.line
        );
    }
}

#[test]
fn a_wrong_line_is_noticed() {
    let done = shell("chainpod completions tcsh > _chainpod");
    assert!(!done.status.success() && !done.stderr.is_empty());
}

#[test]
fn the_help_of_a_command_shows_its_examples() {
    for example in ANYWHERE.iter().chain(ON_A_CLUSTER) {
        for help in ["-h", "--help"] {
            let done = shell(&format!("chainpod {} {help}", example.command));
            let text = String::from_utf8_lossy(&done.stdout);
            let shown = |wanted| text.lines().any(|line| line.trim() == wanted);
            assert!(
                shown(example.line) && shown(example.does),
                "{}: {text}",
                example.line
            );
        }
    }
}
