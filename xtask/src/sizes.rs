//! `cargo xtask sizes`: the length of files and functions, with the bounds that keep them readable. Tests are not
//! counted: neither files of tests nor what stands below the first `#[cfg(test)] mod` of a file.

mod functions;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::{self, Write};

use anyhow::{Result, bail};

use crate::output::print;
use crate::tree;
use functions::Function;

/// The longest that half of the files may be, in lines.
const MEDIAN_LINES: usize = 110;
/// The longest that nine files of ten may be, in lines.
const P90_LINES: usize = 230;
/// The longest that a file may be that is not one of [`TABLES`], in lines.
const FILE_LINES: usize = 350;
/// The longest that a function may be, from `fn` to its last brace, in lines.
const FUNCTION_LINES: usize = 60;
/// Files that are one table, with which nobody has to read more than a row.
const TABLES: &[&str] = &["crates/docker-api/src/create/fields.rs"];
/// Length of the printed lists.
const SHOWN: usize = 10;

/// Lengths of the production part of the tree, longest first.
struct Sizes {
    files: Vec<(String, String, usize)>,
    functions: Vec<Function>,
}

/// Prints the table and judges it.
///
/// # Errors
/// Returns an error that names what is too long, or the file that cannot be read.
pub(crate) fn run() -> Result<()> {
    let sizes = Sizes::read()?;
    print(&sizes.table()?);
    sizes.judge()
}

/// Judges the sizes.
///
/// # Errors
/// Returns an error that names what is too long, or the file that cannot be read.
pub(crate) fn check() -> Result<()> {
    Sizes::read()?.judge()
}

/// Returns the middle and the ninth tenth of some lengths, given the longest first.
fn median_and_p90(longest_first: &[usize]) -> (usize, usize) {
    let at = |tenths: usize| {
        let index = (longest_first.len() * (10 - tenths)) / 10;
        longest_first.get(index).copied().unwrap_or_default()
    };
    (at(5), at(9))
}

impl Sizes {
    fn read() -> Result<Self> {
        let mut sizes = Self {
            files: Vec::new(),
            functions: Vec::new(),
        };
        for file in tree::files(&["rs"])?.iter().filter(|file| !file.is_test()) {
            let lines = file.production_lines();
            sizes
                .files
                .push((file.folder().to_owned(), file.path.clone(), lines));
            sizes.functions.extend(
                functions::of(file)?
                    .into_iter()
                    .filter(|function| function.line <= lines),
            );
        }
        sizes.files.sort_by_key(|(.., lines)| Reverse(*lines));
        sizes.functions.sort_by_key(|function| Reverse(function.lines));
        Ok(sizes)
    }

    fn judge(&self) -> Result<()> {
        let mut faults = Vec::new();
        let lengths: Vec<_> = self.files.iter().map(|(.., lines)| *lines).collect();
        let (median, p90) = median_and_p90(&lengths);
        for (name, found, bound) in [("median", median, MEDIAN_LINES), ("p90", p90, P90_LINES)] {
            if found > bound {
                faults.push(format!(
                    "the {name} of files is {found} lines; split the longest below {bound}"
                ));
            }
        }
        let files = self.files.iter().filter(|(.., lines)| *lines > FILE_LINES);
        let files: Vec<_> = files.map(|(_, path, lines)| (path.clone(), *lines)).collect();
        faults.extend(compare(&files, TABLES, FILE_LINES));
        let functions = self
            .functions
            .iter()
            .filter(|function| function.lines > FUNCTION_LINES);
        let functions: Vec<_> = functions
            .map(|function| (function.place(), function.lines))
            .collect();
        faults.extend(compare(&functions, &[], FUNCTION_LINES));
        if faults.is_empty() {
            return Ok(());
        }
        bail!("{}", faults.join("\n"))
    }

    fn table(&self) -> Result<String, fmt::Error> {
        let mut folders: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (folder, _, lines) in &self.files {
            folders.entry(folder).or_default().push(*lines);
            folders.entry("all").or_default().push(*lines);
        }
        let mut text = String::new();
        writeln!(
            text,
            "{:24} {:>6} {:>6} {:>6} {:>6} {:>6}",
            "folder", "files", "lines", "median", "p90", "max"
        )?;
        for (folder, lengths) in folders {
            let (median, p90) = median_and_p90(&lengths);
            let (files, lines, max) = (lengths.len(), lengths.iter().sum::<usize>(), lengths[0]);
            writeln!(
                text,
                "{folder:24} {files:>6} {lines:>6} {median:>6} {p90:>6} {max:>6}"
            )?;
        }
        writeln!(text, "\nlongest files (at most {FILE_LINES})")?;
        for (_, path, lines) in self.files.iter().take(SHOWN) {
            writeln!(text, "{lines:>6}  {path}")?;
        }
        writeln!(text, "\nlongest functions (at most {FUNCTION_LINES})")?;
        for function in self.functions.iter().take(SHOWN) {
            writeln!(text, "{:>6}  {}", function.lines, function.place())?;
        }
        Ok(text)
    }
}

/// Returns a fault for each long thing that is not excepted, and for each exception that is not needed.
fn compare(long: &[(String, usize)], excepted: &[&str], bound: usize) -> Vec<String> {
    let unknown = long.iter().filter(|(name, _)| !excepted.contains(&name.as_str()));
    let unknown = unknown.map(|(name, lines)| format!("{name} has {lines} lines; split it below {bound}"));
    let unneeded = excepted
        .iter()
        .filter(|name| !long.iter().any(|(found, _)| found == *name));
    let unneeded =
        unneeded.map(|name| format!("{name} is short enough; remove its exception from xtask/src/sizes.rs"));
    unknown.chain(unneeded).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_ninth_tenth_of_ten_lengths() {
        assert_eq!(median_and_p90(&[10, 9, 8, 7, 6, 5, 4, 3, 2, 1]), (5, 9));
        assert_eq!(median_and_p90(&[]), (0, 0));
    }

    #[test]
    fn what_is_too_long_and_what_needs_no_exception_any_more_are_faults() {
        let long = [("a.rs".to_owned(), 400), ("b.rs".to_owned(), 500)];
        let faults = compare(&long, &["b.rs", "c.rs"], 350);
        assert_eq!(
            faults,
            [
                "a.rs has 400 lines; split it below 350",
                "c.rs is short enough; remove its exception from xtask/src/sizes.rs"
            ]
        );
    }
}
