//! The words of a Dockerfile's instruction: quotes, escapes and variables as
//! Docker's own shell-like reader takes them.

use std::collections::BTreeMap;

/// The variables that `$NAME` may mean: ARG and ENV so far.
pub(crate) type Variables = BTreeMap<String, String>;

/// Splits at blanks outside quotes, takes quotes and escapes away, puts
/// variables in. The error says what is wrong.
pub(crate) fn words(text: &str, variables: &Variables) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, quote) {
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            ('"' | '\'', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (c, Some(open)) if c == open => quote = None,
            ('\\', None | Some('"')) => {
                let word = word.get_or_insert_default();
                match chars.next() {
                    // Within quotes only these are escaped; else the backslash stays.
                    Some(next) if quote.is_some() && !matches!(next, '"' | '$' | '\\') => {
                        word.push('\\');
                        word.push(next);
                    }
                    Some(next) => word.push(next),
                    None => word.push('\\'),
                }
            }
            ('$', None | Some('"')) => {
                let value = variable(&mut chars, variables)?;
                word.get_or_insert_default().push_str(&value);
            }
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    if let Some(quote) = quote {
        return Err(format!("a {quote} is not closed in: {text}"));
    }
    words.extend(word);
    Ok(words)
}

/// The whole text as one word, blanks kept.
pub(crate) fn one(text: &str, variables: &Variables) -> Result<String, String> {
    Ok(words(text, variables)?.join(" "))
}

/// The pairs of ENV and LABEL: `NAME=VALUE …`, or the old `NAME VALUE`.
pub(crate) fn pairs(text: &str, variables: &Variables) -> Result<Vec<(String, String)>, String> {
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
            "can't find = in {word:?}; must be of the form: name=value"
        )),
    };
    words(text, variables)?.into_iter().map(pair).collect()
}

/// ARG: the client's value, else the default. The error says what is wrong.
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
        variables.insert(name.to_owned(), value.to_owned());
    }
    Ok(())
}

/// What stands behind a `$`.
fn variable(
    chars: &mut std::iter::Peekable<std::str::Chars<'_>>,
    variables: &Variables,
) -> Result<String, String> {
    if chars.peek() == Some(&'{') {
        chars.next();
        let mut inner = String::new();
        loop {
            match chars.next() {
                Some('}') => return braced(&inner, variables),
                Some(c) => inner.push(c),
                None => return Err(format!("${{{inner} is not closed")),
            }
        }
    }
    let mut name = String::new();
    while let Some(c) = chars.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
        name.push(c);
    }
    if name.is_empty() {
        return Ok("$".to_owned());
    }
    known(&name, variables)
}

fn braced(inner: &str, variables: &Variables) -> Result<String, String> {
    let set = |name: &str| variables.get(name).filter(|value| !value.is_empty());
    if let Some((name, default)) = inner.split_once(":-") {
        return Ok(set(name).map_or_else(|| default.to_owned(), Clone::clone));
    }
    if let Some((name, other)) = inner.split_once(":+") {
        return Ok(set(name).map(|_| other.to_owned()).unwrap_or_default());
    }
    known(inner, variables)
}

/// The base image may have set it, and that is not read here: guessing would break a PATH.
fn known(name: &str, variables: &Variables) -> Result<String, String> {
    variables.get(name).cloned().ok_or_else(|| {
        format!("${name} is set by no ARG or ENV of this Dockerfile, and the base image's are not read; write its value out or give a default: ${{{name}:-…}}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables() -> Variables {
        Variables::from([("A".to_owned(), "1 2".to_owned())])
    }

    #[test]
    fn quotes_escapes_and_variables_are_dockers() {
        let of = |text: &str| words(text, &variables()).unwrap();
        assert_eq!(of(r#"a="b c"  d='$A'"#), ["a=b c", "d=$A"]);
        assert_eq!(
            of(r"a\ b \$A $A-${A}-${B:-x}${A:+y}"),
            ["a b", "$A", "1 2-1 2-xy"]
        );
        assert_eq!(of(r#""a\"b\n""#), [r#"a"b\n"#]);
        assert!(words("$PATH:/x", &variables()).is_err());
        assert!(words("\"a", &variables()).is_err());
    }

    #[test]
    fn env_has_two_forms() {
        let of = |text: &str| pairs(text, &variables());
        assert_eq!(of("X a b").unwrap(), [("X".to_owned(), "a b".to_owned())]);
        assert_eq!(of("X=$A Y=").unwrap().len(), 2);
        assert!(of("X").is_err());
        assert!(of("X=1 Y").is_err());
    }
}
