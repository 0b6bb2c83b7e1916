//! The repository's files as git lists them, for the checks that read the whole tree.
//! A file that is not added yet counts, an ignored one does not.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The line at which the production part of a Rust file ends.
const TESTS: &str = "#[cfg(test)]";

/// Returns the repository's root.
pub(crate) fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}

/// One text file of the repository.
pub(crate) struct File {
    /// The path from the root, with `/`.
    pub path: String,
    /// The content.
    pub text: String,
}

impl File {
    /// Returns the folder that answers for the file: `crates/NAME`, a folder of the root, or `.`.
    pub(crate) fn folder(&self) -> &str {
        let depth = if self.path.starts_with("crates/") { 2 } else { 1 };
        match self.path.match_indices('/').nth(depth - 1) {
            Some((end, _)) => &self.path[..end],
            None => ".",
        }
    }

    /// Reports whether the whole file exists for tests only.
    pub(crate) fn is_test(&self) -> bool {
        let mut parts = self.path.split('/');
        parts.any(|part| matches!(part, "tests" | "tests.rs" | "testkit"))
    }

    /// Returns the number of lines above the first `#[cfg(test)] mod`.
    pub(crate) fn production_lines(&self) -> usize {
        let lines: Vec<_> = self.text.lines().map(str::trim_start).collect();
        let tests = lines
            .windows(2)
            .position(|pair| pair[0] == TESTS && pair[1].starts_with("mod "));
        tests.unwrap_or(lines.len())
    }
}

/// Returns the paths of all files, sorted.
///
/// # Errors
/// Returns an error if git cannot list them.
pub(crate) fn paths() -> Result<Vec<String>> {
    let list = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .context("cannot run git")?;
    if !list.status.success() {
        bail!("git ls-files failed: {}", String::from_utf8_lossy(&list.stderr));
    }
    let names = String::from_utf8(list.stdout).context("a file's name is not UTF-8")?;
    let mut paths: Vec<_> = names
        .split_terminator('\0')
        .filter(|path| absolute(path).exists())
        .map(str::to_owned)
        .collect();
    paths.sort();
    paths.dedup();
    Ok(paths)
}

/// Returns the files with one of these extensions, sorted by path.
///
/// # Errors
/// Returns an error if a file cannot be listed or read.
pub(crate) fn files(extensions: &[&str]) -> Result<Vec<File>> {
    let mut files = Vec::new();
    for path in paths()? {
        let extension = Path::new(&path).extension();
        if extension.is_some_and(|found| extensions.iter().any(|wanted| found == *wanted)) {
            let text = std::fs::read_to_string(absolute(&path));
            let text = text.with_context(|| format!("cannot read {path}"))?;
            files.push(File { path, text });
        }
    }
    Ok(files)
}

/// Returns the absolute path of a file of the repository.
pub(crate) fn absolute(path: &str) -> PathBuf {
    root().join(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_file_belongs_to_its_crate_or_its_folder() {
        let folder = |path| file(path, "").folder().to_owned();
        assert_eq!(folder("crates/engine/src/lib.rs"), "crates/engine");
        assert_eq!(folder("docs/adr/0001.md"), "docs");
        assert_eq!(folder("README.md"), ".");
    }

    #[test]
    fn production_ends_at_the_first_module_of_tests() {
        let text = "fn a() {}\n#[cfg(test)]\nuse b;\n\n#[cfg(test)]\nmod tests {\n}\n";
        assert_eq!(file("a.rs", text).production_lines(), 4);
        assert_eq!(file("a.rs", "fn a() {}\n").production_lines(), 1);
    }

    #[test]
    fn this_file_is_listed() {
        assert!(paths().unwrap().contains(&"xtask/src/tree.rs".to_owned()));
    }
}
