//! The figures of the tree, with every finding.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::{self, Write};

use anyhow::{Result, bail};

use super::allowed::{self, AIM_PERCENT, Allowed};
use super::figures::Figures;

/// Length of the list of the worst files.
const WORST: usize = 20;
/// Widths of the columns after the folder's.
const WIDTHS: [usize; 6] = [10, 8, 4, 7, 7, 7];

/// One sentence that is hard to read.
pub(crate) struct Finding {
    /// The file.
    pub file: String,
    /// The line that the sentence begins on.
    pub line: usize,
    /// The sentence.
    pub sentence: String,
    /// The retired phrase and a plainer one; `None` where the sentence's beginning is meant.
    pub phrase: Option<(String, &'static str)>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file, self.line)?;
        match &self.phrase {
            None => write!(f, "begins like a question: ")?,
            Some((phrase, plainer)) => write!(f, "\"{phrase}\" → {plainer}: ")?,
        }
        f.write_str(&self.sentence)
    }
}

/// The figures of the tree.
#[derive(Default)]
pub(crate) struct Report {
    folders: BTreeMap<String, Figures>,
    files: Vec<(String, Figures)>,
    findings: Vec<Finding>,
}

impl Report {
    /// Adds a file of a folder.
    pub(crate) fn add(&mut self, folder: &str, file: &str, figures: Figures, findings: Vec<Finding>) {
        self.folders.entry(folder.to_owned()).or_default().add(&figures);
        self.files.push((file.to_owned(), figures));
        self.findings.extend(findings);
    }

    /// Returns the folders that are above their figures.
    pub(crate) fn above(&self) -> Vec<&str> {
        let folders = self.folders.iter();
        let above = folders.filter(|(folder, figures)| figures.is_above(&allowed::of(folder)));
        above.map(|(folder, _)| folder.as_str()).collect()
    }

    /// Fails where a folder is above its figures, or has figures and no files.
    ///
    /// # Errors
    /// Returns an error that names the folders.
    pub(crate) fn judge(&self) -> Result<()> {
        let unknown = allowed::folders().find(|folder| !self.folders.contains_key(*folder));
        if let Some(folder) = unknown {
            bail!("xtask/src/english/allowed.rs names {folder}, which has no files; remove its row");
        }
        let above = self.above();
        if above.is_empty() {
            return Ok(());
        }
        bail!(
            "the English of {} is above its figures in xtask/src/english/allowed.rs; \
             rewrite the sentences that `cargo xtask english {}` prints",
            above.join(", "),
            above.join(" ")
        )
    }

    /// Returns the findings of a file or below a folder, a line each; `.` is the files of the root.
    pub(crate) fn findings(&self, path: &str) -> String {
        let path = path.trim_start_matches("./").trim_end_matches('/');
        let below = |file: &str| match path {
            "" | "." => !file.contains('/'),
            path => file
                .strip_prefix(path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
        };
        let found = self.findings.iter().filter(|finding| below(&finding.file));
        found.map(|finding| format!("{finding}\n")).collect()
    }

    /// Returns the table of folders and the worst files.
    ///
    /// # Errors
    /// Returns the formatter's error.
    pub(crate) fn tables(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        let heads = ["paragraphs", "openings", "%", "allowed", "phrases", "allowed"];
        row(&mut text, "folder", heads, "")?;
        let mut total = Figures::default();
        for (folder, figures) in &self.folders {
            let allowed = allowed::of(folder);
            let cells = [
                figures.paragraphs,
                figures.openings,
                figures.percent(),
                allowed.openings_percent,
                figures.phrases,
                allowed.phrases,
            ];
            row(&mut text, folder, cells, note(figures, &allowed))?;
            total.add(figures);
        }
        let (paragraphs, openings, phrases) = (total.paragraphs, total.openings, total.phrases);
        let cells = [paragraphs, openings, total.percent(), AIM_PERCENT, phrases, 0];
        row(&mut text, "all, and the aim", cells, "")?;
        self.worst(&mut text)?;
        Ok(text)
    }

    fn worst(&self, text: &mut String) -> fmt::Result {
        let mut files: Vec<_> = self.files.iter().collect();
        files.sort_by_key(|(_, figures)| Reverse(figures.findings()));
        writeln!(text, "\n{:>8} {:>7}  worst files", "openings", "phrases")?;
        for (
            path,
            Figures {
                openings, phrases, ..
            },
        ) in files.into_iter().take(WORST)
        {
            writeln!(text, "{openings:>8} {phrases:>7}  {path}")?;
        }
        Ok(())
    }
}

/// Returns the remark on a folder with these figures.
fn note(figures: &Figures, allowed: &Allowed) -> &'static str {
    if figures.is_above(allowed) {
        "  ABOVE"
    } else if allowed.openings_percent > figures.percent().max(AIM_PERCENT)
        || allowed.phrases > figures.phrases
    {
        "  lower its row"
    } else {
        ""
    }
}

fn row(text: &mut String, folder: &str, cells: [impl fmt::Display + Copy; 6], note: &str) -> fmt::Result {
    write!(text, "{folder:24}")?;
    for (cell, width) in cells.iter().zip(WIDTHS) {
        write!(text, " {cell:>width$}")?;
    }
    writeln!(text, "{note}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let mut report = Report::default();
        for (folder, file) in [
            (".", "README.md"),
            ("docs", "docs/a.md"),
            ("docs-of-old", "docs-of-old/b.md"),
        ] {
            let figures = Figures {
                paragraphs: 1,
                openings: 1,
                phrases: 0,
            };
            let finding = Finding {
                file: file.to_owned(),
                line: 3,
                sentence: "What it is.".to_owned(),
                phrase: None,
            };
            report.add(folder, file, figures, vec![finding]);
        }
        report
    }

    #[test]
    fn findings_are_those_below_a_path() {
        let line = |file| format!("{file}:3: begins like a question: What it is.\n");
        for (path, file) in [
            (".", "README.md"),
            ("./docs/", "docs/a.md"),
            ("docs/a.md", "docs/a.md"),
            ("docs-of-old", "docs-of-old/b.md"),
        ] {
            assert_eq!(report().findings(path), line(file), "{path}");
        }
        assert_eq!(report().findings("doc"), "");
    }

    #[test]
    fn a_folder_without_a_row_may_have_no_more_than_the_aim() {
        assert!(report().above().contains(&"docs-of-old"));
        assert!(report().judge().is_err());
        let tables = report().tables().unwrap();
        let row = tables.lines().find(|line| line.starts_with("docs-of-old"));
        assert_eq!(row.map(|row| row.ends_with("ABOVE")), Some(true), "{tables}");
    }
}
