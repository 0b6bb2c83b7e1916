//! Sentences of Markdown, each with the line that it begins on. Code is not prose and is left out,
//! but for code inside a sentence.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// The place of a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A paragraph or an item of a list.
    Text,
    /// A cell of a table.
    Cell,
    /// A heading, or the first row of a table.
    Heading,
    /// A string of a program.
    Literal,
}

/// One sentence.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Sentence {
    /// The line that it begins on, counted from 1.
    pub line: usize,
    /// The place of the sentence.
    pub place: Place,
    /// True if a paragraph, an item or a cell begins with it.
    pub first: bool,
    /// Its words, on one line.
    pub text: String,
}

/// Returns the sentences of a Markdown text.
pub(crate) fn sentences(markdown: &str) -> Vec<Sentence> {
    let mut reader = Reader {
        markdown,
        counted: 0,
        line: 1,
        place: Place::Text,
        code: false,
        block: Block::default(),
        found: Vec::new(),
    };
    for (event, range) in Parser::new_ext(markdown, Options::ENABLE_TABLES).into_offset_iter() {
        reader.read(&event, range.start);
    }
    reader.flush();
    reader.found
}

/// One paragraph, heading, item or cell while it is read.
#[derive(Default)]
struct Block {
    text: String,
    /// Positions in `text` with the line that the text from there on stands on.
    lines: Vec<(usize, usize)>,
}

struct Reader<'a> {
    markdown: &'a str,
    /// The position up to which lines were counted, and the line that it is on.
    counted: usize,
    line: usize,
    place: Place,
    code: bool,
    block: Block,
    found: Vec<Sentence>,
}

impl Reader<'_> {
    fn read(&mut self, event: &Event<'_>, position: usize) {
        match event {
            Event::Start(Tag::Emphasis | Tag::Strong | Tag::Strikethrough | Tag::Link { .. })
            | Event::End(TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link) => {}
            Event::Start(tag) => {
                self.flush();
                match tag {
                    Tag::Heading { .. } | Tag::TableHead => self.place = Place::Heading,
                    Tag::TableRow => self.place = Place::Cell,
                    Tag::CodeBlock(_) => self.code = true,
                    _ => {}
                }
            }
            Event::End(tag) => {
                self.flush();
                match tag {
                    TagEnd::Heading(_) | TagEnd::TableHead | TagEnd::TableRow => self.place = Place::Text,
                    TagEnd::CodeBlock => self.code = false,
                    _ => {}
                }
            }
            Event::Text(text) if !self.code => self.push(text, position),
            Event::Code(code) => self.push(&format!("`{code}`"), position),
            Event::SoftBreak | Event::HardBreak => self.block.text.push(' '),
            _ => {}
        }
    }

    fn push(&mut self, text: &str, position: usize) {
        if position > self.counted {
            self.line += self.markdown[self.counted..position].matches('\n').count();
            self.counted = position;
        }
        self.block.lines.push((self.block.text.len(), self.line));
        self.block.text.push_str(text);
    }

    fn flush(&mut self) {
        let block = std::mem::take(&mut self.block);
        for (position, text) in split(&block.text) {
            let line = block.lines.iter().rev().find(|(start, _)| *start <= position);
            self.found.push(Sentence {
                line: line.map_or(self.line, |(_, line)| *line),
                place: self.place,
                first: position == 0,
                text: text.to_owned(),
            });
        }
    }
}

/// Cuts a text into its sentences, each with its position.
pub(crate) fn split(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut start = 0;
    for (end, _) in text.match_indices(['.', '!', '?']) {
        let rest = &text[end + 1..];
        let next = rest.trim_start();
        let begins = next.chars().next().is_some_and(|c| c.is_uppercase() || c == '`');
        if next.len() < rest.len() && begins {
            found.push((start, &text[start..=end]));
            start = text.len() - next.len();
        }
    }
    found.push((start, &text[start..]));
    found.retain(|(_, sentence)| !sentence.trim().is_empty());
    found
        .into_iter()
        .map(|(at, sentence)| (at, sentence.trim()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_have_their_lines_and_no_code_blocks() {
        let markdown = "# A head\n\nOne is\nhere, in `v1.4`. Two\nis *there*.\n\n```sh\nWhat. Is\n```\n\n- an item\n\n| a | b |\n|---|---|\n| c | d e |\n";
        let found: Vec<_> = sentences(markdown)
            .into_iter()
            .map(|sentence| (sentence.line, sentence.place, sentence.text))
            .collect();
        let expected = [
            (1, Place::Heading, "A head"),
            (3, Place::Text, "One is here, in `v1.4`."),
            (4, Place::Text, "Two is there."),
            (11, Place::Text, "an item"),
            (13, Place::Heading, "a"),
            (13, Place::Heading, "b"),
            (15, Place::Cell, "c"),
            (15, Place::Cell, "d e"),
        ];
        assert_eq!(
            found,
            expected.map(|(line, place, text)| (line, place, text.to_owned()))
        );
    }

    #[test]
    fn a_stop_inside_a_sentence_does_not_end_it() {
        let texts: Vec<_> = split("Peer 1.4 asks e.g. for x. `y` follows! z")
            .into_iter()
            .map(|(_, text)| text)
            .collect();
        assert_eq!(texts, ["Peer 1.4 asks e.g. for x.", "`y` follows! z"]);
    }
}
