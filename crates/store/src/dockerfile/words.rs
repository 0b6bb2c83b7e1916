//! The words of a Dockerfile's instruction: quotes, escapes and variables, read as Docker's own shell-like
//! reader does.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::limits::{VALUE, VALUES, start};

/// The memory that a value takes in addition to its own bytes.
const AROUND_BYTES: u64 = 64;

/// The variables for `$NAME`, from ARG and ENV so far, and the memory that values may still take.
pub(crate) struct Variables {
    values: BTreeMap<String, String>,
    left_bytes: u64,
}

impl Variables {
    pub(crate) fn new() -> Self {
        Self {
            values: BTreeMap::new(),
            left_bytes: VALUES.most,
        }
    }

    /// Sets the value of `$name`, without counting its memory.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.values.insert(name.to_owned(), value.to_owned());
    }

    /// Counts the memory of a value. Returns an error if there is no room.
    pub(crate) fn keep(&mut self, value: &str) -> Result<(), String> {
        self.left_bytes = self
            .left_bytes
            .checked_sub(AROUND_BYTES + value.len() as u64)
            .ok_or_else(|| format!("the values of all instructions have more than {VALUES}"))?;
        Ok(())
    }
}

/// Words in the making. Each has a maximum length.
struct Words<'a> {
    variables: &'a mut Variables,
    done: Vec<String>,
    word: Option<String>,
}

impl Words<'_> {
    fn push(&mut self, text: &str) -> Result<(), String> {
        let word = self.word.get_or_insert_default();
        check_length(word, text.len())?;
        word.push_str(text);
        Ok(())
    }

    fn push_char(&mut self, c: char) -> Result<(), String> {
        self.push(c.encode_utf8(&mut [0; 4]))
    }

    fn push_variable(&mut self, chars: &mut Chars<'_>) -> Result<(), String> {
        let word = self.word.get_or_insert_default();
        let value = variable(chars, &self.variables.values)?;
        check_length(word, value.len())?;
        word.push_str(&value);
        Ok(())
    }

    fn end_word(&mut self) -> Result<(), String> {
        if let Some(word) = self.word.take() {
            self.variables.keep(&word)?;
            self.done.push(word);
        }
        Ok(())
    }
}

fn check_length(word: &str, more: usize) -> Result<(), String> {
    if (word.len() + more) as u64 <= VALUE.most {
        return Ok(());
    }
    Err(format!("a value of more than {VALUE}: {}", start(word.as_ref())))
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// Splits at blanks outside quotes, removes quotes and escapes, and inserts variables. Returns an error that
/// describes the mistake.
pub(crate) fn words(text: &str, variables: &mut Variables) -> Result<Vec<String>, String> {
    let mut words = Words {
        variables,
        done: Vec::new(),
        word: None,
    };
    let mut quote: Option<char> = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, quote) {
            (c, None) if c.is_whitespace() => words.end_word()?,
            ('"' | '\'', None) => {
                quote = Some(c);
                words.push("")?;
            }
            (c, Some(open)) if c == open => quote = None,
            ('\\', None | Some('"')) => match chars.next() {
                // Within quotes only these are escaped. Otherwise the backslash stays.
                Some(next) if quote.is_some() && !matches!(next, '"' | '$' | '\\') => {
                    words.push("\\")?;
                    words.push_char(next)?;
                }
                next => words.push_char(next.unwrap_or('\\'))?,
            },
            ('$', None | Some('"')) => words.push_variable(&mut chars)?,
            (c, _) => words.push_char(c)?,
        }
    }
    if let Some(quote) = quote {
        return Err(format!("a {quote} is not closed in: {}", start(text.as_ref())));
    }
    words.end_word()?;
    Ok(words.done)
}

/// Returns the whole text as one word, with its blanks.
pub(crate) fn one(text: &str, variables: &mut Variables) -> Result<String, String> {
    let whole = words(text, variables)?.join(" ");
    check_length(&whole, 0)?;
    Ok(whole)
}

/// Returns the pairs of ENV and LABEL: `NAME=VALUE …`, or the old `NAME VALUE`.
pub(crate) fn pairs(text: &str, variables: &mut Variables) -> Result<Vec<(String, String)>, String> {
    let first = text.split_whitespace().next().unwrap_or_default();
    if !first.contains('=') {
        let value = text.trim_start().strip_prefix(first).unwrap_or_default().trim();
        if first.is_empty() || value.is_empty() {
            return Err("must have a name and a value".to_owned());
        }
        return Ok(vec![(one(first, variables)?, one(value, variables)?)]);
    }
    let pair = |word: String| match word.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(format!(
            "can't find = in {:?}; must be of the form: name=value",
            start(word.as_ref())
        )),
    };
    words(text, variables)?.into_iter().map(pair).collect()
}

/// Declares an ARG with the client's value, or else the default. Returns an error that describes the mistake.
pub(crate) fn declare(
    arg: &str,
    given: &BTreeMap<String, String>,
    variables: &mut Variables,
) -> Result<(), String> {
    let text = one(arg, variables)?;
    let (name, default) = match text.split_once('=') {
        Some((name, default)) => (name, Some(default)),
        None => (text.as_str(), None),
    };
    if let Some(value) = given.get(name).map(String::as_str).or(default) {
        variables.set(name, value);
    }
    Ok(())
}

/// Returns the value of the variable after a `$`.
fn variable<'a>(chars: &mut Chars<'_>, values: &'a BTreeMap<String, String>) -> Result<Cow<'a, str>, String> {
    if chars.peek() == Some(&'{') {
        chars.next();
        let mut inner = String::new();
        loop {
            match chars.next() {
                Some('}') => return braced(&inner, values),
                Some(c) => inner.push(c),
                None => return Err(format!("${{{} is not closed", start(inner.as_ref()))),
            }
        }
    }
    let mut name = String::new();
    while let Some(c) = chars.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
        name.push(c);
    }
    if name.is_empty() {
        return Ok("$".into());
    }
    known(&name, values)
}

fn braced<'a>(inner: &str, values: &'a BTreeMap<String, String>) -> Result<Cow<'a, str>, String> {
    let set = |name: &str| values.get(name).filter(|value| !value.is_empty());
    if let Some((name, default)) = inner.split_once(":-") {
        return Ok(set(name).map_or_else(|| default.to_owned().into(), Cow::from));
    }
    if let Some((name, other)) = inner.split_once(":+") {
        return Ok(set(name).map(|_| other.to_owned()).unwrap_or_default().into());
    }
    known(inner, values)
}

/// Returns the value of a known variable. The base image may have set others, which are not read here: guessing
/// would break a PATH.
fn known<'a>(name: &str, values: &'a BTreeMap<String, String>) -> Result<Cow<'a, str>, String> {
    values.get(name).map(Cow::from).ok_or_else(|| {
        let name = start(name.as_ref());
        format!("${name} is not set by an ARG or ENV of this Dockerfile, and chainpod does not read those of the base image; write the value itself, or give a default: ${{{name}:-…}}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables() -> Variables {
        let mut variables = Variables::new();
        variables.set("A", "1 2");
        variables
    }

    #[test]
    fn quotes_escapes_and_variables_are_dockers() {
        let of = |text: &str| words(text, &mut variables()).unwrap();
        assert_eq!(of(r#"a="b c"  d='$A'"#), ["a=b c", "d=$A"]);
        assert_eq!(
            of(r"a\ b \$A $A-${A}-${B:-x}${A:+y}"),
            ["a b", "$A", "1 2-1 2-xy"]
        );
        assert_eq!(of(r#""a\"b\n""#), [r#"a"b\n"#]);
        assert!(words("$PATH:/x", &mut variables()).is_err());
        assert!(words("\"a", &mut variables()).is_err());
    }

    #[test]
    fn env_has_two_forms() {
        let of = |text: &str| pairs(text, &mut variables());
        assert_eq!(of("X a b").unwrap(), [("X".to_owned(), "a b".to_owned())]);
        assert_eq!(of("X=$A Y=").unwrap().len(), 2);
        assert!(of("X").is_err());
        assert!(of("X=1 Y").is_err());
    }
}
