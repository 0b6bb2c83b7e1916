//! `cargo xtask english`: counts sentences that are hard to read, a folder at a time. Such a sentence begins like a
//! question and asks nothing, or has a retired phrase. The table `allowed` has the figures that no folder may pass.

mod allowed;
mod phrases;
mod prose;
mod source;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use anyhow::{Result, bail};
use clap::Args;

use crate::tree::{self, File};
use allowed::Allowed;
use phrases::Phrases;
use prose::{Place, Sentence};

/// Words with which no sentence begins that asks nothing.
const OPENINGS: [&str; 5] = ["what", "who", "whose", "how", "whether"];
/// A string or a cell of a table with fewer words is a name.
const WORDS_OF_PROSE: usize = 3;
/// Length of the list of the worst files.
const WORST: usize = 20;

/// Which files are shown in full.
#[derive(Args)]
pub(crate) struct English {
    /// Prints every finding below these paths.
    #[arg(value_name = "PATH")]
    paths: Vec<String>,
}

/// One sentence that is hard to read.
struct Finding {
    file: String,
    line: usize,
    sentence: String,
    /// The retired phrase and a plainer one; `None` where the sentence's beginning is meant.
    phrase: Option<(String, &'static str)>,
}

/// The figures of one folder or file.
#[derive(Default)]
struct Figures {
    /// Paragraphs, items of lists and cells of tables.
    paragraphs: usize,
    openings: usize,
    phrases: usize,
}

impl Figures {
    /// Returns the number of such beginnings for a hundred paragraphs, rounded up.
    fn percent(&self) -> usize {
        (self.openings * 100).div_ceil(self.paragraphs.max(1))
    }

    fn add(&mut self, other: &Self) {
        self.paragraphs += other.paragraphs;
        self.openings += other.openings;
        self.phrases += other.phrases;
    }

    fn is_above(&self, allowed: &Allowed) -> bool {
        self.percent() > allowed.openings_percent || self.phrases > allowed.phrases
    }
}

/// The figures of the tree.
#[derive(Default)]
struct Report {
    folders: BTreeMap<String, Figures>,
    files: Vec<(String, Figures)>,
    findings: Vec<Finding>,
}

/// Prints the table of folders, the worst files, and what the options ask for.
///
/// # Errors
/// Returns an error if a folder is above its figures, or a file cannot be read.
pub(crate) fn run(options: &English) -> Result<()> {
    let report = report()?;
    report.print_folders();
    report.print_worst();
    for path in &options.paths {
        report.print_findings(path);
    }
    report.judge()
}

/// Fails where a folder is above its figures, and prints that folder's findings.
///
/// # Errors
/// Returns an error that names the folders, or the file that cannot be read.
pub(crate) fn check() -> Result<()> {
    let report = report()?;
    for folder in report.above() {
        report.print_findings(folder);
    }
    report.judge()
}

fn report() -> Result<Report> {
    let phrases = Phrases::new()?;
    let mut report = Report::default();
    for file in tree::files(&["md", "rs", "toml", "yaml"])? {
        let sentences = match file.path.rsplit('.').next() {
            Some("rs") => source::sentences(&file)?,
            Some("md") => prose::sentences(&file.text),
            _ => source::hash_comments(&file.text),
        };
        report.add(&file, &sentences, &phrases);
    }
    Ok(report)
}

/// Reports whether a sentence counts: headings, strings and names in tables do not.
fn is_prose(sentence: &Sentence) -> bool {
    match sentence.place {
        Place::Text => true,
        Place::Cell => sentence.text.split_whitespace().count() >= WORDS_OF_PROSE,
        Place::Heading | Place::Literal => false,
    }
}

/// Reports whether a sentence begins like a question and asks nothing.
fn begins_like_a_question(sentence: &Sentence) -> bool {
    let text = sentence.text.trim_start_matches(|c: char| !c.is_alphanumeric());
    let word = text
        .split(|c: char| !c.is_alphabetic())
        .next()
        .unwrap_or_default();
    OPENINGS.contains(&word.to_lowercase().as_str()) && !text.ends_with('?')
}

impl Report {
    fn add(&mut self, file: &File, sentences: &[Sentence], phrases: &Phrases) {
        let mut figures = Figures::default();
        let finding = |sentence: &Sentence, phrase| Finding {
            file: file.path.clone(),
            line: sentence.line,
            sentence: sentence.text.clone(),
            phrase,
        };
        for sentence in sentences {
            if is_prose(sentence) {
                figures.paragraphs += usize::from(sentence.first);
                if begins_like_a_question(sentence) {
                    figures.openings += 1;
                    self.findings.push(finding(sentence, None));
                }
            }
            for (phrase, plainer) in phrases.find(sentence) {
                figures.phrases += 1;
                let phrase = Some((phrase, plainer));
                self.findings.push(finding(sentence, phrase));
            }
        }
        self.folders
            .entry(file.folder().to_owned())
            .or_default()
            .add(&figures);
        self.files.push((file.path.clone(), figures));
    }

    /// Returns the folders that are above their figures.
    fn above(&self) -> Vec<&str> {
        let folders = self.folders.iter();
        let above = folders.filter(|(folder, figures)| figures.is_above(&allowed::of(folder)));
        above.map(|(folder, _)| folder.as_str()).collect()
    }

    fn judge(&self) -> Result<()> {
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

    fn print_folders(&self) {
        println!(
            "{:24} {:>10} {:>8} {:>4} {:>7} {:>7} {:>7}",
            "folder", "paragraphs", "openings", "%", "allowed", "phrases", "allowed"
        );
        let mut total = Figures::default();
        for (folder, figures) in &self.folders {
            let allowed = allowed::of(folder);
            let note = if figures.is_above(&allowed) {
                "  ABOVE"
            } else if allowed.can_be_lowered_to(figures) {
                "  lower its row"
            } else {
                ""
            };
            println!(
                "{folder:24} {:>10} {:>8} {:>4} {:>7} {:>7} {:>7}{note}",
                figures.paragraphs,
                figures.openings,
                figures.percent(),
                allowed.openings_percent,
                figures.phrases,
                allowed.phrases
            );
            total.add(figures);
        }
        println!(
            "{:24} {:>10} {:>8} {:>4} {:>7} {:>7}",
            "all",
            total.paragraphs,
            total.openings,
            total.percent(),
            "",
            total.phrases
        );
    }

    fn print_worst(&self) {
        let mut files: Vec<_> = self.files.iter().collect();
        files.sort_by_key(|(_, figures)| Reverse(figures.openings + figures.phrases));
        println!("\n{:>8} {:>7}  worst files", "openings", "phrases");
        for (path, figures) in files.into_iter().take(WORST) {
            println!("{:>8} {:>7}  {path}", figures.openings, figures.phrases);
        }
    }

    fn print_findings(&self, path: &str) {
        let path = path.trim_start_matches("./").trim_end_matches('/');
        let below = |file: &str| match path {
            "" | "." => !file.contains('/'),
            path => file
                .strip_prefix(path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
        };
        for finding in self.findings.iter().filter(|finding| below(&finding.file)) {
            let Finding {
                file,
                line,
                sentence,
                phrase,
            } = finding;
            match phrase {
                None => println!("{file}:{line}: begins like a question: {sentence}"),
                Some((phrase, plainer)) => println!("{file}:{line}: \"{phrase}\" → {plainer}: {sentence}"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(text: &str) -> Sentence {
        Sentence {
            line: 1,
            place: Place::Text,
            first: true,
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_sentence_that_asks_nothing_does_not_begin_like_a_question() {
        for (text, found) in [
            ("What a Pod has.", true),
            ("`x`: what it is", false),
            ("how long it waits", true),
            ("What does it cost?", false),
            ("Whoever asks is answered.", false),
            ("Returns what it read.", false),
        ] {
            assert_eq!(begins_like_a_question(&sentence(text)), found, "{text}");
        }
    }

    #[test]
    fn a_share_is_rounded_up_so_that_one_sentence_more_is_seen() {
        let figures = |openings| Figures {
            paragraphs: 100,
            openings,
            phrases: 0,
        };
        let allowed = Allowed {
            folder: "a",
            openings_percent: 3,
            phrases: 0,
        };
        assert!(!figures(3).is_above(&allowed));
        assert!(figures(4).is_above(&allowed));
    }
}
