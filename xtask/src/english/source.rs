//! Prose of source files: of Rust the doc comments and the strings that a person may read, of YAML and TOML the
//! comments.

use anyhow::{Result, anyhow};
use proc_macro2::{Delimiter, Literal, TokenStream, TokenTree};
use syn::Lit;

use super::WORDS_OF_PROSE;
use super::prose::{self, Place, Sentence};
use crate::tree::File;

/// Returns the sentences of a Rust file: of all doc comments, and of strings outside tests.
///
/// # Errors
/// Returns an error if the file is not Rust.
pub(crate) fn sentences(file: &File) -> Result<Vec<Sentence>> {
    let tokens: TokenStream = file
        .text
        .parse()
        .map_err(|error| anyhow!("cannot read {}: {error}", file.path))?;
    let mut found = Found::default();
    found.walk(tokens);
    let strings_end = if file.is_test() {
        0
    } else {
        file.production_lines()
    };
    let mut sentences = comments_as_sentences(&found.docs);
    for (line, text) in found.strings {
        if line <= strings_end && text.split_whitespace().count() >= WORDS_OF_PROSE {
            sentences.extend(prose::split(&text).into_iter().map(|(_, text)| Sentence {
                line,
                place: Place::Literal,
                first: false,
                text: text.split_whitespace().collect::<Vec<_>>().join(" "),
            }));
        }
    }
    Ok(sentences)
}

/// One line of a comment: its number, whether it is an inner one (`//!`), and its text.
type Comment = (usize, bool, String);

#[derive(Default)]
struct Found {
    docs: Vec<Comment>,
    strings: Vec<(usize, String)>,
}

impl Found {
    fn walk(&mut self, tokens: TokenStream) {
        let mut inner = false;
        for token in tokens {
            match token {
                TokenTree::Group(group) => {
                    let doc = (group.delimiter() == Delimiter::Bracket).then(|| doc(&group.stream()));
                    match doc.flatten() {
                        Some((line, text)) => self.docs.push((line, inner, text)),
                        None => self.walk(group.stream()),
                    }
                }
                TokenTree::Punct(punct) => inner = punct.as_char() == '!',
                TokenTree::Literal(literal) => self.strings.extend(string(literal)),
                TokenTree::Ident(_) => {}
            }
        }
    }
}

/// Returns the sentences of comments that begin with `#`, on lines of their own.
pub(crate) fn hash_comments(text: &str) -> Vec<Sentence> {
    let lines = text.lines().enumerate();
    let comments = lines.filter_map(|(line, text)| {
        let comment = text.trim_start().strip_prefix('#')?;
        Some((line + 1, false, comment.to_owned()))
    });
    comments_as_sentences(&comments.collect::<Vec<_>>())
}

/// Joins the lines of each comment and reads them as Markdown.
fn comments_as_sentences(lines: &[Comment]) -> Vec<Sentence> {
    let mut found = Vec::new();
    for comment in lines.chunk_by(|one, next| one.0 + 1 == next.0 && one.1 == next.1) {
        let texts = comment
            .iter()
            .map(|(_, _, text)| text.strip_prefix(' ').unwrap_or(text));
        let markdown = texts.collect::<Vec<_>>().join("\n");
        let above = comment[0].0 - 1;
        found.extend(prose::sentences(&markdown).into_iter().map(|mut sentence| {
            sentence.line += above;
            sentence
        }));
    }
    found
}

/// Returns the line and the text of `doc = "…"`, as which the lexer gives a line of a doc comment.
fn doc(attribute: &TokenStream) -> Option<(usize, String)> {
    let tokens: Vec<_> = attribute.clone().into_iter().collect();
    match tokens.as_slice() {
        [
            TokenTree::Ident(name),
            TokenTree::Punct(_),
            TokenTree::Literal(text),
        ] if name == "doc" => string(text.clone()),
        _ => None,
    }
}

fn string(literal: Literal) -> Option<(usize, String)> {
    let line = literal.span().start().line;
    match Lit::new(literal) {
        Lit::Str(text) => Some((line, text.value())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_of_yaml_are_read() {
        let found = hash_comments("# One\n# two.\na: 1 # no\n  # Three.\n");
        let found: Vec<_> = found
            .iter()
            .map(|sentence| (sentence.line, sentence.text.as_str()))
            .collect();
        assert_eq!(found, [(1, "One two."), (4, "Three.")]);
    }

    #[test]
    fn docs_and_strings_are_read_but_no_strings_of_tests() {
        let text = r#"//! The head
//! of a file.

/// First line.
///
/// - an item
#[error("no image is named {0}")]
struct A;
const NAME: &str = "two words";

#[cfg(test)]
mod tests {
    //! What is tested.
    const TEXT: &str = "this is not read";
}
"#;
        let file = File {
            path: "crates/a/src/a.rs".to_owned(),
            text: text.to_owned(),
        };
        let found: Vec<_> = sentences(&file)
            .unwrap()
            .into_iter()
            .map(|sentence| (sentence.line, sentence.text))
            .collect();
        let expected = [
            (1, "The head of a file."),
            (4, "First line."),
            (6, "an item"),
            (13, "What is tested."),
            (7, "no image is named {0}"),
        ];
        assert_eq!(found, expected.map(|(line, text)| (line, text.to_owned())));
    }
}
