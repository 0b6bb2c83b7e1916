//! `cargo xtask english`: counts sentences that are hard to read, a folder at a time. Such a sentence begins like a
//! question and asks nothing, or has a retired phrase. The table `allowed` has the figures that no folder may pass.

mod allowed;
mod figures;
mod phrases;
mod prose;
mod report;
mod source;

use anyhow::Result;
use clap::Args;

use crate::output::print;
use crate::tree::{self, File};
use figures::Figures;
use phrases::Phrases;
use prose::{Place, Sentence};
use report::{Finding, Report};

/// Words with which no sentence begins that asks nothing.
const OPENINGS: [&str; 5] = ["what", "who", "whose", "how", "whether"];
/// A string or a cell of a table with fewer words is a name.
const WORDS_OF_PROSE: usize = 3;

/// Selects what is printed.
#[derive(Args)]
pub(crate) struct English {
    /// Prints every finding below these paths, in place of the tables.
    #[arg(value_name = "PATH")]
    paths: Vec<String>,
}

/// Prints the table of folders and the worst files, or what the options ask for.
///
/// # Errors
/// Returns an error if a folder is above its figures, or a file cannot be read.
pub(crate) fn run(options: &English) -> Result<()> {
    let report = read()?;
    if options.paths.is_empty() {
        print(&report.tables()?);
    }
    for path in &options.paths {
        print(&report.findings(path));
    }
    report.judge()
}

/// Fails where a folder is above its figures, and prints that folder's findings.
///
/// # Errors
/// Returns an error that names the folders, or the file that cannot be read.
pub(crate) fn check() -> Result<()> {
    let report = read()?;
    for folder in report.above() {
        print(&report.findings(folder));
    }
    report.judge()
}

fn read() -> Result<Report> {
    let phrases = Phrases::new()?;
    let mut report = Report::default();
    for file in tree::files(&["md", "rs", "toml", "yaml"])? {
        let sentences = match file.path.rsplit('.').next() {
            Some("rs") => source::sentences(&file)?,
            Some("md") => prose::sentences(&file.text),
            _ => source::hash_comments(&file.text),
        };
        let (figures, findings) = judge(&file, &sentences, &phrases);
        report.add(file.folder(), &file.path, figures, findings);
    }
    Ok(report)
}

/// Counts a file's sentences that are hard to read.
fn judge(file: &File, sentences: &[Sentence], phrases: &Phrases) -> (Figures, Vec<Finding>) {
    let mut figures = Figures::default();
    let mut findings = Vec::new();
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
                findings.push(finding(sentence, None));
            }
        }
        for found in phrases.find(sentence) {
            figures.phrases += 1;
            findings.push(finding(sentence, Some(found)));
        }
    }
    (figures, findings)
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
}
